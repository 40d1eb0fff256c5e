/** A bisection under way: its state, what its runs are carried out with, and runs that are found again after a kill. */
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

/** What a bisection is carried out with. */
export interface Bisector extends ExecutionOptions {
  readonly keeper: StateFile
  readonly store: Store
  /** Make the programs and the plan with a kernel that is built; the plan is the kept one where there is one. */
  readonly prepare: (kernel: Kernel, kept: PlanOf<'bisect'> | null) => Promise<PreparedBisection>
}

/** The plan of every run of a bisection but for its kernels, and what its guests need. */
export interface PreparedBisection {
  readonly plan: PlanOf<'bisect'>
  readonly inputs: GuestInputs
}

export interface BisectSession extends Bisector {
  /** The plan of every run but for its kernels, made once. */
  readonly open: (kernel: Kernel) => Promise<PreparedBisection>
}

/** What a run said of one kernel, when this host came to an answer. */
export interface Asked {
  readonly cell: ReportCell
  readonly run: string
  readonly answer: Exclude<CommitAnswer, 'infra'>
}

/** Begin, or go on: programs are compiled once a kernel is there. */
export function bisectSessionOf(bisector: Bisector): BisectSession {
  const { keeper, prepare } = bisector
  let opened: ReturnType<BisectSession['open']> | null = null
  const open: BisectSession['open'] = async (kernel) => {
    const made = await prepare(kernel, keeper.state().plan)
    if (keeper.state().plan === null) await keeper.save({ plan: made.plan })
    return made
  }
  return { ...bisector, open: (kernel) => (opened ??= open(kernel)) }
}

/** Times that a fault of this host is tried again before the bisection stops. */
const MOST_FAULTS = 2

/**
 * Carry out a run of these kernels and give what it says of the last. Under its key a killed one is gone on with. One that
 * this host spoilt is forgotten and made again; throws InfraError when that does not help.
 */
export async function askKernels(
  course: BisectSession,
  key: string,
  kernels: readonly Kernel[],
  changes: Partial<PlanOf<'bisect'>>,
): Promise<Asked> {
  const { keeper, store, kernels: context, onEvent, cores } = course
  const kernel = kernels.at(-1) as Kernel
  const { plan, inputs } = await course.open(kernel)
  const { rates, runs } = keeper.state()
  const runContext = { store, inputs, kernels: context, onEvent, ...(cores === undefined ? {} : { cores }) }
  const wanted = { ...plan, kernels, ...(rates.length > 0 ? { rates } : {}), ...changes }
  const keepRun = (run: string | undefined) => {
    const { [key]: _, ...others } = keeper.state().runs
    return keeper.save({ runs: run === undefined ? others : { ...others, [key]: run } })
  }
  for (let [faults, known] = [0, runs[key]]; ; known = undefined) {
    const { run, report } = await runBisectPlan(wanted, known, runContext, keepRun)
    const cell = cellOf(report, kernel)
    const answer = answerOf(cell)
    if (answer !== 'infra') return { cell, run, answer }
    await keepRun(undefined)
    const what = `${kernel.id} came to no answer on this host: ${cell.summary}`
    if (++faults > MOST_FAULTS) throw new InfraError(what, 'nothing was concluded from it')
    onEvent({ kind: 'note', text: `${what} It is asked again` })
  }
}

/** What a step takes over from what was asked. */
export function askedStep({ cell, run, answer: { answer, errorProbability } }: Asked) {
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
