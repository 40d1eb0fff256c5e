/** Prepare a run of a suite: its programs built from a tree, and planned as cases that have no fix. */
import { selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { PlannedSuite, Suite, SuiteProgram } from '#domain/report/suite.ts'
import type { PlanOf } from '#plan/plan.ts'
import type { GuestInputs } from '../context/context.ts'
import type { RunEventListener } from '../context/events.ts'
import { selectCases } from './catalogue.ts'
import { makeHostInputs } from './guest-inputs.ts'
import { preparePlan, type RunRequest } from './prepare.ts'
import { buildFromTree, findSuite } from './suite-programs.ts'

export interface SuiteRequest extends RunRequest {
  /** `kselftest:mm` */
  readonly suite: string
  /** What may follow `tree:` in a selector, with or without that word: a folder, a tarball, PATH@REV, debian-6.1. */
  readonly tree: string
}

/** A run of a suite, ready to be created. */
export interface PreparedSuite {
  readonly plan: PlanOf<'suite'>
  readonly inputs: GuestInputs
}

/** Choose, build and prove. Throws UserError for a request that cannot be met, and where nothing of the suite builds. */
export async function prepareSuite(
  request: SuiteRequest,
  context: KernelContext,
  onEvent: RunEventListener,
): Promise<PreparedSuite> {
  const suite = await findSuite(request.suite)
  const wanted = selectCases(suite.programs, request.cases)
  // A selector that matches no kernel must fail before anything is built.
  await selectKernels(request.kernels, context)
  const { tree, built } = await buildFromTree(suite, wanted, request.tree, context)
  const runnable = wanted.filter(({ id }) => built.programs.has(id))
  const leftOut = [...built.notBuilt, ...(request.cases.includes('all') ? suite.leftOut : [])]
  for (const { program, why } of built.notBuilt) onEvent({ kind: 'note', text: `${program} does not build: ${why}` })
  if (built.notInTree.length > 0) {
    onEvent({ kind: 'note', text: `${tree.label} has no ${built.notInTree.join(', ')}` })
  }
  if (runnable.length === 0) throw new UserError(`nothing of ${suite.name} can be run from ${tree.label}`, 'see the lines above')
  const programs = Object.fromEntries([...built.programs].map(([id, { sha256 }]) => [id, sha256]))
  const planned: PlannedSuite = { name: suite.name, tree, programs, notInTree: built.notInTree, leftOut }
  const making = makeHostInputs(context).then((host) => ({ ...host, programs: built.programs }))
  const cases = runnable.map((one) => caseOf(suite, one))
  const { common, inputs } = await preparePlan(request, { cases, making }, context, onEvent)
  const args = Object.fromEntries(runnable.map(({ id, args: own }) => [id, own]))
  return { plan: { ...common, kind: 'suite', suite: planned, args }, inputs }
}

/** A program as a case: it claims nothing and detects no bug. Its title is its command line. */
function caseOf(suite: Suite, { id, program, args, exitStatus, cpus, memoryMiB, timing }: SuiteProgram): Case {
  return {
    id,
    title: [program, ...args].join(' '),
    subsystem: suite.name,
    fixes: [],
    introduced: null,
    symptom: '',
    oracle: exitStatus ? 'exit-status' : 'reports',
    needs: { cpus, memoryMiB, modules: [], externalModules: [], cmdline: [] },
    timing,
    destructive: false,
    claim: { mainline: null, stable: {}, subjects: [], source: '' },
    proof: '',
    references: [],
    folder: '',
  }
}
