/**
 * The ends of a bisected race. One of them has the bug: how often it shows there is what every clean commit between is
 * weighed against.
 */
import type { BisectStep } from '#domain/report/bisect.ts'
import type { Control } from '#domain/control.ts'
import type { Kernel } from '#domain/kernel.ts'
import { kernelOfCommit } from './test-commit.ts'
import { askedStep, askKernels, type BisectSession } from './session.ts'
import { ratesOf } from '#plan/control-rates.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'
import { planOf } from '#plan/stored-plan.ts'

/** An end is tried until it shows the bug or is hopeless, in attempts of this many guest seconds. */
const SHOW = { attempts: 1, seconds: 10 }

/** Find out which end shows the bug, measure how often, and weigh the other end against that. */
export async function weighEnds(course: BisectSession): Promise<void> {
  await showEnd(course)
  await measureEnd(course)
}

const endsOf = ({ keeper }: BisectSession) => keeper.state().steps.filter(({ role }) => role !== 'between')

function controlOf({ keeper }: BisectSession, { id }: Kernel, summary: string): Control {
  const { case: theCase } = keeper.state().request
  return { kernel: id, base: id, series: '', fix: '', kind: 'bad', case: theCase.id, blinds: [], summary }
}

/** Where neither end showed the bug at the first look, look longer: at the new one, then at the old one. */
async function showEnd(course: BisectSession): Promise<void> {
  for (const end of endsOf(course).toReversed()) {
    if (endsOf(course).some(({ answer }) => answer === 'shows-bug')) return
    if (end.answer !== 'inconclusive') continue
    const kernel = await kernelOf(course, end)
    const controls = [controlOf(course, kernel, 'tried until it shows the bug')]
    const asked = await askKernels(course, `show ${end.commit}`, [kernel], { controls, rates: [], measure: SHOW })
    if (asked.answer.answer === 'shows-bug') await replace(course, { ...end, ...askedStep(asked) })
  }
}

/** Nothing to measure where no end shows the bug, or both do. */
async function measureEnd(course: BisectSession): Promise<void> {
  const { keeper, store } = course
  const showing = endsOf(course).find(({ answer }) => answer === 'shows-bug')
  const other = endsOf(course).find(({ answer }) => answer === 'inconclusive' || answer === 'no-bug')
  if (!showing || !other || keeper.state().rates.length > 0) return
  const [bad, good] = [await kernelOf(course, showing), await kernelOf(course, other)]
  const which = showing.role === 'old-end' ? 'old' : 'new'
  const controls = [controlOf(course, bad, `${showing.commit.slice(0, 12)}, the ${which} end of the bisection, shows the bug`)]
  const { raceSeconds } = keeper.state().request
  const asked = await askKernels(course, 'rate', [bad, good], { controls, rates: [], raceSeconds: 2 * raceSeconds })
  const plan = planOf(await store.readRun(asked.run))
  const rates = ratesOf(plan, await judgedAttemptsOfRun(store, asked.run, plan)).filter(({ hits }) => hits > 0)
  await replace(course, { ...other, ...askedStep(asked) })
  await keeper.save({ rates })
}

async function replace({ keeper }: BisectSession, step: BisectStep): Promise<void> {
  const steps = keeper.state().steps.map((one) => (one.role === step.role && one.commit === step.commit ? step : one))
  await keeper.save({ steps })
}

function kernelOf({ keeper, kernels }: BisectSession, { commit }: BisectStep): Promise<Kernel> {
  const { tree, configs } = keeper.state().request
  return kernelOfCommit(tree, commit, configs, kernels)
}
