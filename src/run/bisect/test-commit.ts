/** One commit of a bisection: its kernel built, its binary hashed, the case run on it. */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { buildExternalModules, namedModule } from '#harness/image/external-module.ts'
import { readManifest } from '#harness/kernels/provider/cache.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { BuildFailure } from '#harness/kernels/tree/build/make.ts'
import { storeRecipe, makeRecipe } from '#harness/kernels/tree/source/recipe.ts'
import type { TreeSelector } from '#harness/kernels/tree/source/selector.ts'
import type { Case } from '#domain/case.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import type { PlanOf } from '#plan/plan.ts'
import type { RunRecord, Store } from '#store/ports.ts'
import type { ExecutionOptions, GuestInputs } from '../context/context.ts'
import { claimRun, createRun, executeRun, reportOf } from '../lifecycle.ts'

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

/** The kernel that a source is built into. Its recipe is stored, so that it can be built by its id. */
export async function kernelOfSelector(selector: TreeSelector, context: KernelContext): Promise<Kernel> {
  const recipe = await makeRecipe(selector, context)
  await storeRecipe(recipe, context.workspace)
  return recipe.kernel
}

/** Build a kernel, incrementally; a failure of its build is returned. Throws InfraError for a fault of this host. */
export async function buildKernel(kernel: Kernel, context: KernelContext): Promise<KernelImage | { readonly failure: string }> {
  try {
    return await fetchKernel(kernel, context)
  } catch (error) {
    if (error instanceof BuildFailure) return { failure: error.message }
    throw error
  }
}

/** Hash of all that a guest gets of a kernel, external modules of the case included: kernels with the same hash answer alike. */
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

/** What the runs of a bisection are executed with. */
export interface TestCommitContext extends ExecutionOptions {
  readonly store: Store
  readonly inputs: GuestInputs
}

/** A run of a bisection when nothing is left to do in it. */
export interface FinishedRun {
  /** Its id. */
  readonly run: string
  readonly report: Report
}

/**
 * Execute a plan: in the run `known` where the store has it, else in a new one, whose id `onCreated` is given before its first
 * attempt.
 */
export async function runBisectPlan(
  plan: PlanOf<'bisect'>,
  known: string | undefined,
  { store, inputs, ...options }: TestCommitContext,
  onCreated: (run: string) => Promise<void>,
): Promise<FinishedRun> {
  const record = known === undefined ? null : await store.readRun(known).catch(() => null)
  if (record !== null && record.finishedAt !== null) return finishedRun(store, record)
  const run = await (record ? claimRun(store, record.id, async () => inputs) : createRun(store, plan, inputs))
  if (record === null) await onCreated(run.record.id)
  await executeRun(run, options)
  return finishedRun(store, run.record)
}

async function finishedRun(store: Store, record: RunRecord): Promise<FinishedRun> {
  return { run: record.id, report: (await reportOf({ store, record })).report }
}

/** The cell of a kernel in a report of one case. */
export function cellOf(report: Report, kernel: Kernel): ReportCell {
  const cell = report.cells.find((one) => one.kernel === kernel.id)
  if (!cell) throw new InvariantError(`run ${report.run.id} has no cell of ${kernel.id}`)
  return cell
}
