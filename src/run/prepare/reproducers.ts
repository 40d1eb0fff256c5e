/** Reproducers of cases, compiled for the guest once and then taken from the cache. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { buildProgram, createHeaders, type Headers, type Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { startSpan, withSubject } from '#harness/support/spans.ts'
import { exists } from '#harness/support/workspace.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { ResourcePool } from '../context/resource-pool.ts'
import { CATALOGUE } from './catalogue.ts'

/**
 * The programs of these cases by id. Compiles what is not in the cache, one compiler per core. Throws UserError for the first
 * case that does not compile: no other compiler is started after it.
 */
export async function buildReproducers(
  cases: readonly Case[],
  { workspace, signal }: Pick<KernelContext, 'workspace' | 'signal'>,
): Promise<ReadonlyMap<string, Program>> {
  const failed = new AbortController()
  const until = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const compilers = new ResourcePool({ cores: availableParallelism() }, until)
  const headers = createHeaders()
  const build = async (theCase: Case): Promise<[string, Program]> => {
    using _ = await compilers.acquire({ cores: 1 }, 0)
    const one = () => buildMeasured(workspace.cache, theCase, headers, signal)
    return [theCase.id, await withSubject({ kernel: null, case: theCase.id, lane: 'prepare' }, one)]
  }
  try {
    return new Map(await Promise.all(cases.map(build)))
  } catch (error) {
    failed.abort(error)
    throw error
  }
}

async function buildMeasured(cache: string, theCase: Case, headers: Headers, signal?: AbortSignal): Promise<Program> {
  using _ = startSpan('programs')
  return await buildReproducer(cache, theCase, headers, signal)
}

/** Compile the reproducer of a case, or find it in the cache. Throws UserError when it has none or does not compile. */
export async function buildReproducer(
  cache: string,
  { folder }: Pick<Case, 'folder'>,
  headers: Headers = createHeaders(),
  signal?: AbortSignal,
): Promise<Program> {
  const source = join(folder, 'repro.c')
  if (!(await exists(source))) throw new UserError(`${folder} has no repro.c`)
  return buildProgram(cache, [source], [join(CATALOGUE, 'include')], { headers, signal })
}
