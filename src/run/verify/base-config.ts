/** Cases that the configuration of a base rules out, though Debian's kernel of its version can be asked. */
import { readFile } from 'node:fs/promises'
import { cachedConfigs, type KernelContext } from '#harness/kernels/index.ts'
import { enabledOptions, missingOptions, type KernelConfig } from '#analysis/verify/missing-options.ts'
import type { Case } from '#domain/case.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { MissingOptions } from '#domain/report/verify.ts'
import { compareVersions } from '#domain/version.ts'

/** What the configuration of a built base lacks; nothing where its configuration is not known. */
export async function findMissingOptions(
  { kernel, config }: Pick<KernelImage, 'kernel' | 'config'>,
  cases: readonly Case[],
  context: Pick<KernelContext, 'workspace'>,
): Promise<MissingOptions[]> {
  if (config === null) return []
  const options = enabledOptions(await readFile(config, 'utf8'))
  return missingOptions(kernel, options, cases, await debianConfigs(kernel, context))
}

/** The cached Debian kernels of its series, of its own version or else of the newest: a flavour may lack what another has. */
async function debianConfigs(kernel: Kernel, context: Pick<KernelContext, 'workspace'>): Promise<KernelConfig[]> {
  const isOfSeries = (one: Kernel) => one.provider === 'debian' && one.series === kernel.series
  const own = (await cachedConfigs(context)).filter((one) => isOfSeries(one.kernel))
  const newest = own.toSorted((a, b) => compareVersions(a.kernel.version, b.kernel.version)).at(-1)?.kernel.version
  const version = own.some((one) => one.kernel.version === kernel.version) ? kernel.version : newest
  const found: KernelConfig[] = []
  for (const { kernel: one, config } of own.filter((candidate) => candidate.kernel.version === version)) {
    const text = await readFile(config, 'utf8').catch(() => null)
    if (text !== null) found.push({ id: one.id, options: enabledOptions(text) })
  }
  return found
}
