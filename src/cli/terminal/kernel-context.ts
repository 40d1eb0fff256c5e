/** The KernelContext of a command: options of the command line, signals, and progress on the terminal. */
import type { KernelContext } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { readCount } from '../options/run.ts'
import type { Progress } from '../output/progress.ts'

/** Options that say how kernels are fetched and built. */
export interface KernelOptions {
  readonly mirror?: string
  readonly jobs?: string
}

/** What a command adds of its own. */
type Additions = Pick<KernelContext, 'inWorktree' | 'spans'>

/** Throws UserError for `--jobs` without a whole number from 1. */
export function createKernelContext(
  { mirror, jobs }: KernelOptions,
  progress: Progress,
  signal: AbortSignal,
  additions: Additions = {},
): KernelContext {
  const buildJobs = readCount('--jobs', jobs)
  return {
    workspace: findWorkspace(),
    signal,
    progress: (event) => progress.onEvent({ kind: 'kernel', progress: event }),
    ...additions,
    ...(mirror === undefined ? {} : { mirror }),
    ...(buildJobs === undefined ? {} : { buildJobs }),
  }
}
