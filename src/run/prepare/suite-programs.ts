/** Programs of a test suite: its table read, and what it lists built from a kernel tree. */
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { findProgram, type Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { escapePath } from '#harness/kernels/provider/selector-parts.ts'
import { parseTreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { fetchSource, findSource } from '#harness/kernels/tree/source/source.ts'
import { buildSuite, type BuiltSuite } from '#harness/suites/build.ts'
import { exists } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { PlannedSuite, Suite, SuiteProgram } from '#domain/report/suite.ts'
import type { PlanOf } from '#plan/plan.ts'
import { readSuite } from './catalogue.ts'

const SUITES = inRepository('harness', 'suites')

/** The table of a suite. Throws UserError for one that kwitness does not have. */
export async function findSuite(name: string): Promise<Suite> {
  const path = join(SUITES, `${name.replace(':', '-')}.json`)
  if (!/^\w+:\w+$/.test(name) || !(await exists(path))) {
    throw new UserError(`there is no suite ${name}`, 'there is: kselftest:mm')
  }
  return readSuite(path)
}

/** What was built of a suite, and the tree it was built from. */
export interface SuiteFromTree {
  readonly tree: PlannedSuite['tree']
  readonly built: BuiltSuite
}

/** Build programs of a suite from a tree. Throws UserError for a selector with patches or configs, and for an absent tree. */
export async function buildFromTree(
  suite: Suite,
  wanted: readonly SuiteProgram[],
  tree: string,
  context: KernelContext,
): Promise<SuiteFromTree> {
  const selector = tree.replace(/^tree:/, '')
  const { place, patches, configs } = parseTreeSelector(selector)
  if (patches.length + configs.length > 0) {
    throw new UserError(`--tree ${tree}: a suite is built from a tree as it stands`, 'leave out patch= and config=')
  }
  const source = await findSource(place, context)
  const { label, version, key } = source
  const folder = await fetchSource(source, context)
  const built = await buildSuite(suite, wanted, { folder, version, key }, context)
  return { tree: { label, version, key, selector: pinned(place, selector) }, built }
}

/** The selector with absolute paths and a fixed revision, valid from any folder. */
function pinned(place: ReturnType<typeof parseTreeSelector>['place'], selector: string): string {
  if (place.kind === 'debian') return selector
  const path = escapePath(place.path)
  return place.kind === 'git' ? `${path}@${place.revision}` : path
}

/**
 * The programs of a stored plan by case id, from the cache or built again. Throws UserError when the cache has lost one and
 * its tree no longer gives the same program.
 */
export async function findSuitePrograms(
  { suite, cases }: PlanOf<'suite'>,
  context: KernelContext,
): Promise<ReadonlyMap<string, Program>> {
  const kept = new Map<string, Program>()
  for (const { id } of cases) {
    const program = await findProgram(context.workspace.cache, suite.programs[id] ?? '')
    if (program) kept.set(id, program)
  }
  if (kept.size === cases.length) return kept
  const table = await findSuite(suite.name)
  const wanted = table.programs.filter(({ id }) => cases.some((one) => one.id === id))
  const { built } = await buildFromTree(table, wanted, suite.tree.selector, context)
  for (const { id } of cases) {
    const program = built.programs.get(id)
    if (program?.sha256 !== suite.programs[id]) {
      throw new UserError(`${id} of ${suite.tree.label} is no longer what this run was made of`, 'start a new run')
    }
    if (program) kept.set(id, program)
  }
  return kept
}
