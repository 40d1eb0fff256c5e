/** A bisection under way: its state, what its runs are executed with, and runs that are resumed after a kill. */
import type { BisectStep } from '#domain/report/bisect.ts'
import { InfraError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { ReportCell } from '#domain/report/matrix.ts'
import type { Store } from '#store/ports.ts'
import { answerOf, type CommitAnswer } from '#verdict/cell/bisect.ts'
import type { PlanOf } from '#plan/plan.ts'
import type { ExecutionOptions, GuestInputs } from '../context/context.ts'
import type { StateFile } from './state.ts'
import { cellOf, runBisectPlan } from './test-commit.ts'

/** What a bisection is given. */
export interface BisectInputs extends ExecutionOptions {
  readonly stateFile: StateFile
  readonly store: Store
  /** Make the programs and the plan with a kernel that is built; the plan is the kept one where there is one. */
  readonly prepare: (kernel: Kernel, kept: PlanOf<'bisect'> | null) => Promise<PreparedBisection>
}

/** The plan of every run of a bisection but for its kernels, and what its guests need. */
export interface PreparedBisection {
  readonly plan: PlanOf<'bisect'>
  readonly inputs: GuestInputs
}

export interface BisectSession extends BisectInputs {
  /** The plan of every run but for its kernels, made once. */
  readonly open: (kernel: Kernel) => Promise<PreparedBisection>
}

/** What a run says of one kernel, when this host came to an answer. */
export interface TestedKernel {
  readonly cell: ReportCell
  readonly run: string
  readonly answer: Exclude<CommitAnswer, 'infra'>
}

/** Begin or resume. The programs are compiled with the first kernel that is built. */
export function openBisectSession(inputs: BisectInputs): BisectSession {
  const { stateFile, prepare } = inputs
  let opened: ReturnType<BisectSession['open']> | null = null
  const open: BisectSession['open'] = async (kernel) => {
    const made = await prepare(kernel, stateFile.state().plan)
    if (stateFile.state().plan === null) await stateFile.save({ plan: made.plan })
    return made
  }
  return { ...inputs, open: (kernel) => (opened ??= open(kernel)) }
}

/** Times that a run is made again after a fault of this host before the bisection stops. */
const MAX_FAULTS = 2

/**
 * Execute a run of these kernels and return what it says of the last. A killed run is resumed by its key. A run that failed by a
 * fault of this host is dropped and made again; throws InfraError when that does not help.
 */
export async function testKernels(
  session: BisectSession,
  key: string,
  kernels: readonly Kernel[],
  changes: Partial<PlanOf<'bisect'>>,
): Promise<TestedKernel> {
  const { stateFile, store, kernels: context, onEvent, cores } = session
  const kernel = kernels.at(-1) as Kernel
  const { plan, inputs } = await session.open(kernel)
  const { rates, runs } = stateFile.state()
  const runContext = { store, inputs, kernels: context, onEvent, ...(cores === undefined ? {} : { cores }) }
  const own = { ...plan, kernels, ...(rates.length > 0 ? { rates } : {}), ...changes }
  const saveRun = (run: string | undefined) => {
    const { [key]: _, ...others } = stateFile.state().runs
    return stateFile.save({ runs: run === undefined ? others : { ...others, [key]: run } })
  }
  for (let [faults, known] = [0, runs[key]]; ; known = undefined) {
    const { run, report } = await runBisectPlan(own, known, runContext, saveRun)
    const cell = cellOf(report, kernel)
    const answer = answerOf(cell)
    if (answer !== 'infra') return { cell, run, answer }
    await saveRun(undefined)
    const what = `${kernel.id} came to no answer on this host: ${cell.summary}`
    if (++faults > MAX_FAULTS) throw new InfraError(what, 'nothing was concluded from it')
    onEvent({ kind: 'note', text: `${what} It runs again` })
  }
}

/** The fields of a step that follow from a tested kernel. */
export function stepFieldsOf({ cell, run, answer: { answer, errorProbability } }: TestedKernel) {
  const { verdict, summary, reasons, trials, kernel } = cell
  const attempts = cell.attempts.map(({ outcome, seconds }) => ({ outcome, seconds }))
  return {
    answer,
    errorProbability,
    verdict,
    summary,
    reasons,
    trials,
    kernel,
    run,
    attempts,
    sameAs: null,
  } satisfies Partial<BisectStep>
}
