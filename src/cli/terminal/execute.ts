/** A run of a command: opened, executed with progress on the terminal until a signal comes, then concluded or left to resume. */
import type { KernelContext } from '#harness/kernels/index.ts'
import { executeRun, type OpenRun } from '#run/lifecycle.ts'
import { withSubject } from '#harness/support/spans.ts'
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

/** Whose time it is when a run is executed: that of its report. */
const REPORT = { kernel: null, case: null, lane: 'report' } as const

/** Open, execute, conclude. Returns the exit code. */
export async function executeCommand(options: SessionOptions, { command, open, conclude }: RunCommand): Promise<number> {
  const { cores, gitTree } = options
  using timings = keepTimings(options.timings)
  const progress = createProgress(process.stderr, () => performance.now())
  const opened: { run: OpenRun | null } = { run: null }
  try {
    const finished = await untilSignal(async (signal) => {
      const kernels = createKernelContext(options, progress, signal)
      const run = (opened.run = await open(kernels, progress))
      if (run) await executeRun(run, { kernels, onEvent: progress.onEvent, ...given({ cores, gitTree }) })
    })
    progress.end()
    const { run } = opened
    if (run === null) return finished ? 0 : INTERRUPTED
    if (finished) return await withSubject(REPORT, () => conclude(run, timings))
    console.error(`kwitness: stopped; what is done is kept. ${command} --resume ${run.record.id} goes on`)
    return INTERRUPTED
  } finally {
    progress.end()
    opened.run?.store.close()
  }
}
