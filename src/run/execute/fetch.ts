/** What the cells of a run need of a kernel: its image and external modules, fetched and built a few at a time. */
import { buildExternalModules } from '#harness/image/external-module.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { createStopwatch } from '#harness/support/stopwatch.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { Cell } from '#plan/cells.ts'
import type { RunContext } from '../context/context.ts'

/** A KernelContext that fetches and builds when the pool of fetches has room. */
function inTurns({ kernels, fetches }: RunContext): KernelContext {
  return { ...kernels, inTurn: (work) => fetches.hold({ fetches: 1 }, 0, work) }
}

/** The image of a kernel. Null when it is not available: that is reported once, and its cells stay without attempts. */
export async function fetchImage(context: RunContext, kernel: Kernel): Promise<KernelImage | null> {
  const { kernels, store, onEvent } = context
  try {
    kernels.signal?.throwIfAborted()
    const time = createStopwatch(kernels.spans, { kernel: kernel.id, case: null, lane: 'fetches' })
    const image = await time('fetch', () => fetchKernel(kernel, inTurns(context)))
    await time('store', () => store.recordKernel(kernel, image.sha256))
    return image
  } catch (error) {
    kernels.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof UserError)) throw error
    onEvent({ kind: 'kernel-failed', kernel: kernel.id, message: error.message })
    return null
  }
}

/** Build the external modules of these cells into the cache while guests of others run. */
export async function buildModules(context: RunContext, cells: readonly Cell[]): Promise<void> {
  for (const { case: theCase, kernel } of cells.filter(({ case: { needs } }) => needs.externalModules.length > 0)) {
    const time = createStopwatch(context.kernels.spans, { kernel: kernel.id, case: theCase.id, lane: 'fetches' })
    await time('external modules', () => buildExternalModules(theCase, kernel, inTurns(context)))
  }
}
