/**
 * The ends of a bisected race. One of them has the bug: the rate at which it shows there is the reference for every commit
 * between that does not show it.
 */
import type { BisectStep } from '#domain/report/bisect.ts'
import type { Control } from '#domain/control.ts'
import type { Kernel } from '#domain/kernel.ts'
import { kernelOfCommit } from './test-commit.ts'
import { stepFieldsOf, testKernels, type BisectSession } from './session.ts'
import { ratesOf } from '#plan/control-rates.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'
import { planOf } from '#plan/stored-plan.ts'

/** An end is tried until it shows the bug or is hopeless, in attempts of this many guest seconds. */
const SHOW = { attempts: 1, seconds: 10 }

/** Find the end that shows the bug, measure its rate, and judge the other end by that rate. */
export async function compareEnds(session: BisectSession): Promise<void> {
  await showEnd(session)
  await measureEnd(session)
}

const endsOf = ({ stateFile }: BisectSession) => stateFile.state().steps.filter(({ role }) => role !== 'between')

function controlOf({ stateFile }: BisectSession, { id }: Kernel, summary: string): Control {
  const { case: theCase } = stateFile.state().request
  return { kernel: id, base: id, series: '', fix: '', kind: 'bad', case: theCase.id, blinds: [], summary }
}

/** Where neither end showed the bug in the first run, try longer: the new end, then the old one. */
async function showEnd(session: BisectSession): Promise<void> {
  for (const end of endsOf(session).toReversed()) {
    if (endsOf(session).some(({ answer }) => answer === 'shows-bug')) return
    if (end.answer !== 'inconclusive') continue
    const kernel = await kernelOf(session, end)
    const controls = [controlOf(session, kernel, 'tried until it shows the bug')]
    const tested = await testKernels(session, `show ${end.commit}`, [kernel], { controls, rates: [], measure: SHOW })
    if (tested.answer.answer === 'shows-bug') await replace(session, { ...end, ...stepFieldsOf(tested) })
  }
}

/** Measure the rate of the end that shows the bug, unless no end or both ends show it. */
async function measureEnd(session: BisectSession): Promise<void> {
  const { stateFile, store } = session
  const showing = endsOf(session).find(({ answer }) => answer === 'shows-bug')
  const other = endsOf(session).find(({ answer }) => answer === 'inconclusive' || answer === 'no-bug')
  if (!showing || !other || stateFile.state().rates.length > 0) return
  const [bad, good] = [await kernelOf(session, showing), await kernelOf(session, other)]
  const which = showing.role === 'old-end' ? 'old' : 'new'
  const controls = [controlOf(session, bad, `${showing.commit.slice(0, 12)}, the ${which} end of the bisection, shows the bug`)]
  const { raceSeconds } = stateFile.state().request
  const tested = await testKernels(session, 'rate', [bad, good], { controls, rates: [], raceSeconds: 2 * raceSeconds })
  const plan = planOf(await store.readRun(tested.run))
  const rates = ratesOf(plan, await judgedAttemptsOfRun(store, tested.run, plan)).filter(({ hits }) => hits > 0)
  await replace(session, { ...other, ...stepFieldsOf(tested) })
  await stateFile.save({ rates })
}

async function replace({ stateFile }: BisectSession, step: BisectStep): Promise<void> {
  const steps = stateFile.state().steps.map((one) => (one.role === step.role && one.commit === step.commit ? step : one))
  await stateFile.save({ steps })
}

function kernelOf({ stateFile, kernels }: BisectSession, { commit }: BisectStep): Promise<Kernel> {
  const { tree, configs } = stateFile.state().request
  return kernelOfCommit(tree, commit, configs, kernels)
}
