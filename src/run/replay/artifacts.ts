/** The artifacts of a stored job, found again: image, program and modules with the same hashes, or an error that says why not. */
import { buildExternalModules, findExternalModule, type BuiltModule } from '#harness/image/external-module.ts'
import { findProgram, type Program } from '#harness/image/program.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import type { Evidence } from '#domain/evidence.ts'
import { UserError } from '#domain/errors.ts'
import type { ExternalModule } from '#domain/job.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { JobArtifacts } from '../execute/attempt.ts'
import type { Cell } from '#plan/cells.ts'
import { buildReproducer } from '../prepare/reproducers.ts'

/** Everything the job of this evidence names. Throws UserError for an artifact that has changed. */
export async function findArtifacts(then: Evidence, cell: Cell, context: KernelContext): Promise<JobArtifacts> {
  const program = await programOf(then, cell, context)
  const image = await imageOf(then, cell, context)
  const externalModules: BuiltModule[] = []
  for (const module of then.job.externalModules) externalModules.push(await externalModuleOf(module, cell, context))
  return { image, program, externalModules }
}

/** What to do about an attempt that cannot be replayed. */
function runAgainHint({ kernel, case: { id } }: Cell): string {
  return `run it again: kwitness run --kernels ${kernel.id} --cases ${id}`
}

/** The program from the cache, or compiled again where that gives the same one. */
async function programOf({ job }: Evidence, cell: Cell, { workspace: { cache } }: KernelContext): Promise<Program> {
  const kept = await findProgram(cache, job.program)
  if (kept) return kept
  const built = await buildReproducer(cache, cell.case)
  if (built.sha256 === job.program) return built
  throw new UserError(
    `the reproducer of ${cell.case.id} (or its compiler) has changed since, and the cache no longer has the program of then`,
    `restore its source, or ${runAgainHint(cell)}`,
  )
}

async function imageOf(then: Evidence, cell: Cell, context: KernelContext): Promise<KernelImage> {
  const image = await fetchKernel(cell.kernel, context)
  if (image.sha256 === then.kernel.sha256) return image
  const [was, is] = [then.kernel.sha256, image.sha256].map((sha256) => sha256.slice(0, 12))
  throw new UserError(`the image of ${cell.kernel.id} has changed: it is ${is}, and was ${was}`, runAgainHint(cell))
}

/** The external module as it was; one that was missing stays missing, for the reason recorded then. */
async function externalModuleOf(module: ExternalModule, cell: Cell, context: KernelContext): Promise<BuiltModule> {
  if ('missing' in module) return module
  const kept = await findExternalModule(context.workspace.cache, module.name, module.sha256)
  if (kept) return kept
  const built = (await buildExternalModules(cell.case, cell.kernel, context)).find(({ name }) => name === module.name)
  if (built && 'path' in built && built.sha256 === module.sha256) return built
  const why = built && 'missing' in built ? `: ${built.missing}` : ''
  throw new UserError(
    `the module ${module.name} of ${cell.case.id} is no longer available as it was${why}`,
    `restore its source and compiler, or ${runAgainHint(cell)}`,
  )
}
