/** The KernelContext of a command: options of the command line, signals, and progress on the terminal. */
import type { KernelContext } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { machineOptions, OptionsOf } from '../options/shared.ts'
import { given } from '../options/values.ts'
import type { Progress } from '../output/progress.ts'
import { showVerbosely } from '../output/verbose.ts'

/** Options that say how kernels are fetched and built. */
type KernelOptions = Pick<OptionsOf<typeof machineOptions<[], {}>>, 'mirror' | 'jobs' | 'verbose'>

/** What a command adds of its own. */
type Additions = Pick<KernelContext, 'inWorktree'>

/** The context that these options mean; events of kernels go to `progress`. */
export function createKernelContext(
  { mirror, jobs, verbose }: KernelOptions,
  progress: Progress,
  signal: AbortSignal,
  additions: Additions = {},
): KernelContext {
  // To the end of the process, which runs one command.
  if (verbose) showVerbosely(progress)
  const context: KernelContext = {
    workspace: findWorkspace(),
    signal,
    progress: (event) => progress.onEvent({ kind: 'kernel', progress: event }),
    askImage: async (image) => (await import('#harness/ask-image.ts')).askImage(image, context),
    ...additions,
    ...given({ mirror, buildJobs: jobs }),
  }
  return context
}
