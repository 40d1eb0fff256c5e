/** What the cells of a run need of a kernel: its image and external modules, fetched and built a few at a time. */
import { buildExternalModules, type BuiltModule } from '#harness/image/external-module.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { startSpan, withSubject } from '#harness/support/spans.ts'
import type { Case } from '#domain/case.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { Cell } from '#plan/cells.ts'
import type { RunContext } from '../context/context.ts'

/** A KernelContext that fetches and builds when the pool of fetches has room. */
function inTurns({ kernels, fetches }: RunContext): KernelContext {
  return {
    ...kernels,
    inTurn: async (work) => {
      using _ = await fetches.acquire({ fetches: 1 }, 0)
      return await work()
    },
  }
}

/** The image of a kernel. Null when it is not available: that is reported once, and its cells stay without attempts. */
export function fetchImage(context: RunContext, kernel: Kernel): Promise<KernelImage | null> {
  const { kernels, onEvent } = context
  return withSubject({ kernel: kernel.id, case: null, lane: 'fetches' }, async () => {
    try {
      kernels.signal?.throwIfAborted()
      return await fetchAndRecord(context, kernel)
    } catch (error) {
      kernels.signal?.throwIfAborted()
      if (!(error instanceof InfraError || error instanceof UserError)) throw error
      onEvent({ kind: 'kernel-failed', kernel: kernel.id, message: error.message })
      return null
    }
  })
}

async function fetchAndRecord(context: RunContext, kernel: Kernel): Promise<KernelImage> {
  const image = await fetchInTurn(context, kernel)
  using _ = startSpan('store')
  await context.store.recordKernel(kernel, image.sha256)
  return image
}

async function fetchInTurn(context: RunContext, kernel: Kernel): Promise<KernelImage> {
  using _ = startSpan('fetch')
  return await fetchKernel(kernel, inTurns(context))
}

/** Build the external modules of these cells into the cache while guests of others run. */
export async function buildModules(context: RunContext, cells: readonly Cell[]): Promise<void> {
  for (const { case: theCase, kernel } of cells.filter(({ case: { needs } }) => needs.externalModules.length > 0)) {
    const subject = { kernel: kernel.id, case: theCase.id, lane: 'fetches' } as const
    await withSubject(subject, () => externalModulesOf(theCase, kernel, inTurns(context)))
  }
}

/** The external modules of a case, built against a kernel or found in the cache. */
export async function externalModulesOf(theCase: Case, kernel: Kernel, kernels: KernelContext): Promise<BuiltModule[]> {
  using _ = startSpan('external modules')
  return await buildExternalModules(theCase, kernel, kernels)
}
