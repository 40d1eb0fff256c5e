/** One commit of a bisection: its kernel built, its binary held against those judged before, the case asked of it. */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { buildExternalModules, namedModule } from '#harness/image/external-module.ts'
import { readManifest } from '#harness/kernels/provider/cache.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { BuildFailure } from '#harness/kernels/tree/make.ts'
import { keepRecipe, makeRecipe } from '#harness/kernels/tree/recipe.ts'
import type { TreeSelector } from '#harness/kernels/tree/selector.ts'
import type { Case } from '#domain/case.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import type { Store } from '#store/ports.ts'
import { buildRunReport, planOf } from '../report/build-report.ts'
import { executePlan } from '../execute/scheduler.ts'
import type { Listener } from '../context/events.ts'
import type { Plan } from '#plan/plan.ts'
import type { Ready } from '../prepare/prepare.ts'

/** The kernel that a commit is built into. */
export async function kernelOfCommit(
  tree: string,
  commit: string,
  configs: readonly string[],
  context: KernelContext,
): Promise<Kernel> {
  const place = { kind: 'git', path: tree, revision: commit } as const
  return kernelOfSelector({ place, patches: [], configs }, context)
}

/** The kernel that a source is built into. Its recipe is kept: it can be built by its id. */
export async function kernelOfSelector(selector: TreeSelector, context: KernelContext): Promise<Kernel> {
  const recipe = await makeRecipe(selector, context)
  await keepRecipe(recipe, context.workspace)
  return recipe.kernel
}

/** Build a kernel, near one before it. Throws InfraError for the machine, UserError for what cannot be asked of it. */
export async function buildKernel(kernel: Kernel, context: KernelContext): Promise<KernelImage | { readonly failure: string }> {
  try {
    return await fetchKernel(kernel, context)
  } catch (error) {
    if (error instanceof BuildFailure) return { failure: error.message }
    throw error
  }
}

/** Hash of all that a guest gets of a kernel, external modules of the case included: two of the same answer alike. */
export async function binaryOf(
  { kernel, vmlinux, bzImage }: KernelImage,
  theCase: Case,
  context: KernelContext,
): Promise<string> {
  const manifest = await readManifest(dirname(vmlinux ?? bzImage ?? ''))
  if (!manifest) throw new InvariantError(`${kernel.id} was built, and its manifest is gone`)
  const files = Object.entries(manifest.files).filter(([name]) => name !== 'config')
  const modules = (await buildExternalModules(theCase, kernel, context)).map(namedModule)
  const all = [files.map(([name, { sha256 }]) => [name, sha256]), modules]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}

/** What runs of a bisection are carried out with. */
export interface TestCommitContext {
  readonly store: Store
  readonly ready: Ready
  readonly context: KernelContext
  readonly listen: Listener
  readonly cores?: number
}

/** Carry out a plan: the run of that id where one was begun, else a new one, told to `began` before its first attempt. */
export async function askRun(
  plan: Plan,
  known: string | undefined,
  bench: TestCommitContext,
  began: (run: string) => Promise<void>,
): Promise<{ readonly run: string; readonly report: Report }> {
  const { store, ready, context, listen, cores } = bench
  const before = known === undefined ? null : await store.readRun(known).catch(() => null)
  const { kernel, qemu, cpus } = ready.host
  const host = { kernel, qemu, cpus, accelerator: plan.accelerator }
  const isNew = before === null
  const record = before ?? (await store.createRun({ startedAt: new Date().toISOString(), plan, host }))
  if (isNew) await began(record.id)
  if (record.finishedAt === null) {
    if (!isNew) await store.claimRun(record.id)
    const bounds = { ...(context.signal ? { signal: context.signal } : {}), ...(cores === undefined ? {} : { cores }) }
    try {
      await executePlan({ ...ready, ...bounds, plan: planOf(record), store, run: record.id, kernels: context, listen })
      await store.finishRun(record.id, new Date().toISOString())
    } catch (error) {
      await store.releaseRun(record.id)
      throw error
    }
  }
  return { run: record.id, report: (await buildRunReport(store, await store.readRun(record.id))).report }
}

/** The cell of a kernel in a report of one case. */
export function cellOf(report: Report, kernel: Kernel): ReportCell {
  const cell = report.cells.find((one) => one.kernel === kernel.id)
  if (!cell) throw new InvariantError(`run ${report.run.id} has no cell of ${kernel.id}`)
  return cell
}
