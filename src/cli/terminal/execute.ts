/** A run of a command: opened, executed with progress on the terminal until a signal comes, then concluded or left to resume. */
import { resolve } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { executeRun, type OpenRun } from '#run/lifecycle.ts'
import { withSubject } from '#harness/support/spans.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { SessionOptions } from '../options/shared.ts'
import { given } from '../options/values.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { probeOut, REPORTS_OUT } from '../output/files.ts'
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
  /** Print what came of it, leave the report in `out` (its usual place when undefined), and return the exit code. */
  readonly conclude: (run: OpenRun, timings: TimingsKeeper, out: string | undefined) => Promise<number>
  /** Leaves no report. */
  readonly printsOnly?: true
}

/** Whose time it is when a run is executed: that of its report. */
const REPORT = { kernel: null, case: null, lane: 'report' } as const

/** Open, execute, conclude. Returns the exit code. */
export async function executeCommand(
  options: SessionOptions,
  { command, open, conclude, printsOnly }: RunCommand,
): Promise<number> {
  const { cores, gitTree, dryRun } = options
  if (!dryRun) await probeWorkspace(findWorkspace())
  const leavesReport = !printsOnly && !dryRun
  const named = options.out === undefined ? undefined : resolve(options.out)
  // Where an interrupted run leaves its report is known when it is found.
  if (leavesReport && (named !== undefined || options.resume === undefined)) await probeOut(named ?? REPORTS_OUT)
  using timings = keepTimings(options.timings)
  const progress = createProgress(process.stderr, () => performance.now())
  const opened: { run: OpenRun | null } = { run: null }
  try {
    const finished = await untilSignal(async (signal) => {
      const kernels = createKernelContext(options, progress, signal)
      const run = (opened.run = await open(kernels, progress))
      if (run && leavesReport) await probeOut(named ?? run.plan.out ?? REPORTS_OUT)
      if (run) await executeRun(run, { kernels, onEvent: progress.onEvent, ...given({ cores, gitTree }) })
    })
    progress.end()
    const { run } = opened
    if (run === null) return finished ? 0 : INTERRUPTED
    if (finished) return await withSubject(REPORT, () => conclude(run, timings, named ?? run.plan.out))
    console.error(`kwitness: stopped; what is done is kept. ${command} --resume ${run.record.id} goes on`)
    return INTERRUPTED
  } finally {
    progress.end()
    opened.run?.store.close()
  }
}
