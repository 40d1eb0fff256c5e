/** `kwitness kernels`: what can be had, what is cached, and bringing more. */
import { fetchKernel, listKernels, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import { print } from '../output/files.ts'
import { createProgress } from '../output/progress.ts'

export interface KernelOptions {
  readonly mirror?: string
  readonly refresh?: true
  readonly json?: true
}

function contextOf(options: KernelOptions): { context: KernelContext; end: () => void } {
  const progress = createProgress(process.stderr, () => performance.now())
  const context: KernelContext = {
    workspace: findWorkspace(),
    progress: (event) => progress.onEvent({ kind: 'kernel', progress: event }),
    ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    ...(options.refresh ? { freshAfter: Date.now() } : {}),
  }
  return { context, end: progress.end }
}

const mib = (bytes: number | null): string => (bytes === null ? '?' : `${(bytes / 2 ** 20).toFixed(0)} MiB`)

function row({ id, series, state, bytes, origin }: ListedKernel): string {
  return `${state.padEnd(9)}  ${series.padEnd(7)}  ${id.padEnd(46)}  ${mib(bytes).padStart(8)}  ${origin}`
}

/** List kernels: all, or those a selector means. */
export async function listCommand(selector: string | undefined, options: KernelOptions): Promise<number> {
  const { context, end } = contextOf(options)
  const kernels = await listKernels(context, selector === undefined ? {} : { selector }).finally(end)
  if (options.json) await print(JSON.stringify(kernels, null, 2))
  else {
    const count = (state: string): number => kernels.filter((kernel) => kernel.state === state).length
    const counts = `${count('cached')} cached, ${count('available')} to be had, ${count('gone')} listed but gone`
    const summary = `${kernels.length} kernels: ${counts}`
    await print([...kernels.map(row), summary].join('\n'))
  }
  return 0
}

/** Bring the kernels that these selectors mean into the cache. */
export async function pullCommand(selectors: readonly string[], options: KernelOptions): Promise<number> {
  const { context, end } = contextOf(options)
  try {
    for (const kernel of await selectKernels(selectors, context)) {
      const image = await fetchKernel(kernel, context)
      await print(`${kernel.id}  ${image.vmlinux ?? image.bzImage}`)
    }
  } finally {
    end()
  }
  return 0
}
