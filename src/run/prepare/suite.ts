/** Prepare a run of a suite: its table read, its programs built from a tree, and planned as cases that have no fix. */
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { findProgram, type Program } from '#harness/image/program.ts'
import { selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { parseTreeSelector } from '#harness/kernels/tree/selector.ts'
import { fetchSource, findSource } from '#harness/kernels/tree/source.ts'
import { buildSuite, type BuiltSuite } from '#harness/suites/build.ts'
import { exists } from '#harness/support/workspace.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { PlannedSuite, Suite, SuiteProgram } from '#domain/report/suite.ts'
import { readSuite, selectCases } from './catalogue.ts'
import type { Listener } from '../context/events.ts'
import type { Plan } from '#plan/plan.ts'
import { makeReady, planFor, type Prepared, type Ready, type RunRequest } from './prepare.ts'

const SUITES = inRepository('harness', 'suites')

export interface SuiteRequest extends RunRequest {
  /** `kselftest:mm` */
  readonly suite: string
  /** What may follow `tree:` in a selector, with or without that word: a folder, a tarball, PATH@REV, debian-6.1. */
  readonly tree: string
}

/** Choose, build and prove. Throws UserError for wishes that cannot be met, and where nothing of the suite can be run. */
export async function prepareSuite(wishes: SuiteRequest, context: KernelContext, listen: Listener): Promise<Prepared> {
  const suite = await findSuite(wishes.suite)
  const wanted = selectCases(suite.programs, wishes.cases)
  // A selector that means no kernel is told before anything is built.
  await selectKernels(wishes.kernels, context)
  const { tree, built } = await buildFrom(suite, wanted, wishes.tree, context)
  const runnable = wanted.filter(({ id }) => built.programs.has(id))
  const leftOut = [...built.notBuilt, ...(wishes.cases.includes('all') ? suite.leftOut : [])]
  for (const { program, why } of built.notBuilt) listen({ kind: 'note', text: `${program} does not build: ${why}` })
  if (built.notInTree.length > 0) {
    listen({ kind: 'note', text: `${tree.label} has no ${built.notInTree.join(', ')}` })
  }
  if (runnable.length === 0) throw new UserError(`nothing of ${suite.name} can be run from ${tree.label}`, 'see the lines above')
  const programs = Object.fromEntries([...built.programs].map(([id, { sha256 }]) => [id, sha256]))
  const planned: PlannedSuite = { name: suite.name, tree, programs, notInTree: built.notInTree, leftOut }
  const work = {
    cases: runnable.map((one) => caseOf(suite, one)),
    args: Object.fromEntries(runnable.map(({ id, args }) => [id, args])),
    ready: readyWith(built.programs, context),
    suite: planned,
  }
  return planFor(wishes, work, context, listen)
}

/**
 * What a stored run of a suite needs to go on. Throws UserError when the cache has lost its programs and its tree no longer
 * gives the same ones.
 */
export async function readySuite({ suite, cases }: Plan, context: KernelContext): Promise<Ready> {
  if (suite === null) throw new UserError('this run is not of a suite')
  const { cache } = context.workspace
  const kept = new Map<string, Program>()
  for (const { id } of cases) {
    const program = await findProgram(cache, suite.programs[id] ?? '')
    if (program) kept.set(id, program)
  }
  if (kept.size < cases.length) {
    const table = await findSuite(suite.name)
    const wanted = table.programs.filter(({ id }) => cases.some((one) => one.id === id))
    const { built } = await buildFrom(table, wanted, suite.tree.selector, context)
    for (const { id } of cases) {
      const program = built.programs.get(id)
      if (program?.sha256 !== suite.programs[id]) {
        throw new UserError(`${id} of ${suite.tree.label} is no longer what this run was made of`, 'start a new run')
      }
      if (program) kept.set(id, program)
    }
  }
  return readyWith(kept, context)
}

async function readyWith(programs: ReadonlyMap<string, Program>, { workspace, signal, spans }: KernelContext): Promise<Ready> {
  return { ...(await makeReady(workspace.cache, [], signal, spans)), programs }
}

/** The table of a suite. Throws UserError for one that kwitness does not know. */
export async function findSuite(name: string): Promise<Suite> {
  const path = join(SUITES, `${name.replace(':', '-')}.json`)
  if (!/^\w+:\w+$/.test(name) || !(await exists(path))) {
    throw new UserError(`there is no suite ${name}`, 'there is: kselftest:mm')
  }
  return readSuite(path)
}

async function buildFrom(
  suite: Suite,
  wanted: readonly SuiteProgram[],
  tree: string,
  context: KernelContext,
): Promise<{ readonly tree: PlannedSuite['tree']; readonly built: BuiltSuite }> {
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

/** The selector as it can be said again from another folder. */
function pinned(place: ReturnType<typeof parseTreeSelector>['place'], selector: string): string {
  if (place.kind === 'debian') return selector
  return place.kind === 'git' ? `${place.path}@${place.revision}` : place.path
}

/** A program as a case: it claims nothing and witnesses no fix. Its arguments are the first words of its title. */
function caseOf(suite: Suite, { id, program, args, exitStatus, cpus, memoryMiB, timing }: SuiteProgram): Case {
  return {
    id,
    title: [program, ...args].join(' '),
    subsystem: suite.name,
    fixes: [],
    introduced: null,
    symptom: '',
    witness: exitStatus ? 'exit-status' : 'reports',
    needs: { cpus, memoryMiB, modules: [], externalModules: [], cmdline: [] },
    timing,
    destructive: false,
    claim: { mainline: null, stable: {}, subjects: [], source: '' },
    proof: '',
    references: [],
    folder: '',
  }
}
