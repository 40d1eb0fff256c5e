/** A run of a command: opened, executed with progress on the terminal until a signal comes, then concluded or left to resume. */
import type { KernelContext } from '#harness/kernels/index.ts'
import { executeRun, type OpenRun } from '#run/lifecycle.ts'
import type { SessionOptions } from '../options/shared.ts'
import { given } from '../options/values.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { createProgress, type Progress } from '../output/progress.ts'
import { keepTimings, type TimingsKeeper } from '../output/timings.ts'
import { createKernelContext } from './kernel-context.ts'
import { untilSignal } from './signals.ts'

/** What a command makes of a run. */
export interface RunCommand {
  /** The command that resumes the run by `--resume ID`. */
  readonly command: string
  /** Null when there is nothing to execute: only a plan was asked for. */
  readonly open: (context: KernelContext, progress: Progress) => Promise<OpenRun | null>
  /** Print what came of it, and return the exit code. */
  readonly conclude: (run: OpenRun, timings: TimingsKeeper) => Promise<number>
}

/** Open, execute, conclude. Returns the exit code. */
export async function executeCommand(options: SessionOptions, { command, open, conclude }: RunCommand): Promise<number> {
  const { cores, gitTree } = options
  const timings = keepTimings(options.timings)
  const progress = createProgress(process.stderr, () => performance.now())
  let run: OpenRun | null = null
  try {
    const finished = await untilSignal(async (signal) => {
      const { spans } = timings
      const kernels = createKernelContext(options, progress, signal, spans === undefined ? {} : { spans })
      run = await open(kernels, progress)
      if (run === null) return
      await executeRun(run, { kernels, onEvent: progress.onEvent, ...given({ cores, gitTree }) })
    })
    progress.end()
    if (run === null) return finished ? 0 : INTERRUPTED
    if (finished) return await conclude(run, timings)
    const { record } = run as OpenRun
    console.error(`kwitness: stopped; what is done is kept. ${command} --resume ${record.id} goes on`)
    return INTERRUPTED
  } finally {
    progress.end()
    ;(run as OpenRun | null)?.store.close()
  }
}
