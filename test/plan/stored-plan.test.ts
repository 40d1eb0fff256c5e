/** Plans of stored runs: today's are read as they are, and those of builds before the kinds become one of a kind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { argsOf, controlsOf, measureOf, type PlanKind } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import { matrixControls } from '../helpers/reports/control-matrices.ts'
import { rate, theCase } from '../helpers/judging.ts'
import { planCommon } from './plans.ts'

const { schema: _schema, maxMissProbability: _max, estimates: _estimates, listing: _listing, ...same } = planCommon
/** A plan as builds before 0.1.0 stored it. */
const version1 = {
  ...same,
  schema: 'kwitness.plan/1',
  cases: [theCase],
  controls: [],
  rates: [rate()],
  bound: 1e-3,
  measure: null,
  expected: { [theCase.id]: 0.4 },
  args: {},
  listing: null,
  search: false,
  suite: null,
  verify: null,
}
const suite = { name: 'kselftest:mm', tree: { label: 'l', version: 'v', key: 'k', selector: 's' }, programs: {} }
const planned = { ...suite, notInTree: [], leftOut: [] }
const verify = { patches: [], targets: [], bases: [], each: false }
const measure = { attempts: 10, seconds: 3 }
const args = { [theCase.id]: ['--spread', '2'] }

const read = (plan: unknown) => planOf({ id: '2026-01-31-1', plan })

test('a plan is read as it was stored', () => {
  const plan = { ...planCommon, kind: 'controls', controls: matrixControls }
  assert.deepEqual(read(JSON.parse(JSON.stringify(plan))), plan)
})

interface OldFields {
  readonly controls?: typeof matrixControls
  readonly measure?: typeof measure
  readonly args?: typeof args
  readonly search?: true
  readonly suite?: typeof planned
  readonly verify?: typeof verify
}

const OLD: readonly [PlanKind, OldFields][] = [
  ['matrix', {}],
  ['search', { search: true }],
  ['controls', { controls: matrixControls }],
  ['sweep', { controls: matrixControls, measure, args }],
  ['suite', { suite: planned, args }],
  ['verify', { verify, controls: matrixControls }],
]

for (const [kind, fields] of OLD) {
  const set = Object.keys(fields).join(', ') || 'defaults alone'
  test(`an older plan with ${set} is of kind ${kind}, and says what it said`, () => {
    const plan = read({ ...version1, ...fields })
    assert.equal(plan.kind, kind)
    assert.deepEqual(controlsOf(plan), fields.controls ?? [])
    assert.deepEqual(measureOf(plan), fields.measure ?? null)
    assert.deepEqual(argsOf(plan, theCase.id), fields.args?.[theCase.id] ?? [])
    const { maxMissProbability, estimates, rates, cases, seed, listing } = plan
    assert.deepEqual([maxMissProbability, estimates], [1e-3, version1.expected])
    assert.deepEqual([rates, cases, seed, listing], [version1.rates, version1.cases, version1.seed, null])
    if (plan.kind === 'suite') assert.deepEqual(plan.suite, planned)
    if (plan.kind === 'verify') assert.deepEqual(plan.verify, verify)
  })
}

test('an older plan without the fields that its build did not know has their defaults', () => {
  const { kernels, cases, seed, accelerator, bootSeconds, noSnapshot } = version1
  const plan = read({ schema: 'kwitness.plan/1', kernels, cases, seed, accelerator, bootSeconds, noSnapshot })
  assert.deepEqual(plan, { ...planCommon, kind: 'matrix', cases })
})

test('a plan of another schema is refused, and so is a damaged one', () => {
  const damaged = { ...planCommon, kind: 'matrix', kernels: [{ id: 1 }] }
  for (const plan of [null, {}, { schema: 'kwitness.plan/3' }, { ...version1, cases: null }, damaged]) {
    assert.throws(() => read(plan), { name: 'InfraError', message: /^the plan of run 2026-01-31-1 is damaged, or of another/ })
  }
})
