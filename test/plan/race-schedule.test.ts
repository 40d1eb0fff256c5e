/** The races of a plan: controls before the others, which use their rates, and an interrupted run continues the same way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Control } from '#domain/control.ts'
import type { Kernel } from '#domain/kernel.ts'
import { cellKey, cellsOf, type Cell } from '#plan/cells.ts'
import type { Plan, PlanOf } from '#plan/plan.ts'
import { inputOf, nextInTurn, nextMeasured, nextRace, raceOrder } from '#plan/race-schedule.ts'
import { rateNotes, ratesFor, ratesOf } from '#plan/control-rates.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { clean, hit, LOADED, PROGRAM, QUIET, race, rate, theCase, tried } from '../helpers/judging.ts'
import { planCommon } from './plans.ts'

function kernel(id: string, series: string): Kernel {
  return { id, provider: 'tree', version: `${series.slice(0, -1)}9`, series, build: id, flavour: 'custom', arch: 'x86_64' }
}

const theRace = { ...race, id: 'a-race', needs: { ...race.needs, cpus: 2, memoryMiB: 1024 } }
const bad: Control = {
  kernel: 'bad-5.10',
  base: 'base-5.10',
  series: '5.10',
  fix: '57efa1fe5957',
  kind: 'bad',
  case: 'a-race',
  blinds: [],
  summary: '57efa1fe5957 taken out of base-5.10',
}

const plan: PlanOf<'controls'> = {
  ...planCommon,
  kind: 'controls',
  seed: '42',
  kernels: [kernel('base-5.10', '5.10.y'), kernel('bad-5.10', '5.10.y'), kernel('some-6.1', '6.1.y')],
  cases: [theCase, theRace],
  controls: [bad],
}

const BAD = 'bad-5.10/a-race'
const races = cellsOf(plan).filter((cell) => cell.case === theRace)
const keyOf = (next: { readonly cell: Cell } | null): string | null => next && cellKey(next.cell)
const twentyHits = Array.from({ length: 20 }, (_, index) =>
  hit(30 + index, { seconds: 0.2, startedAt: `2026-11-21T10:00:${10 + index}.000Z` }),
)

test('the own race of a bad control is measured, and no other', () => {
  assert.equal(keyOf(nextMeasured(plan, new Map(), races)), BAD)
  assert.equal(nextMeasured({ ...plan, controls: [{ ...bad, kind: 'good' }] }, new Map(), races), null)
  assert.equal(nextMeasured({ ...plan, controls: [{ ...bad, case: theCase.id }] }, new Map(), races), null)
  assert.equal(
    nextMeasured(
      plan,
      new Map(),
      races.filter((cell) => cell.kernel.id !== 'bad-5.10'),
    ),
    null,
  )
  assert.equal(nextMeasured(plan, new Map([[BAD, twentyHits]]), races), null)
  assert.notEqual(keyOf(nextRace(plan, new Map(), races)), BAD)
})

test('the rate of a control is its trials over all guests, with all that it speaks for', () => {
  assert.deepEqual(ratesOf(plan, new Map([[BAD, twentyHits]])), [
    {
      hits: 20,
      trials: 20 * 30 + 190,
      case: 'a-race',
      program: PROGRAM,
      codePath: null,
      kernel: 'bad-5.10',
      series: '5.10.y',
      profile: 'x86_64-tcg-2cpu-1024m',
      conditions: QUIET,
      controlSummary: '57efa1fe5957 taken out of base-5.10',
      measuredAt: '2026-11-21T10:00:29.000Z',
    },
  ])
})

test('a rate for each trigger and load, none of attempts that say nothing, one with no hits of a control never hit', () => {
  const attempts = [hit(10), hit(20, { conditions: LOADED }), hit(40, { codePath: 'io_uring' }), tried('error'), tried('skipped')]
  const counts = (all: readonly JudgedAttempt[]) => ratesOf(plan, new Map([[BAD, all]])).map(({ hits, trials }) => [hits, trials])
  assert.deepEqual(counts(attempts), [
    [1, 10],
    [1, 20],
    [1, 40],
  ])
  assert.deepEqual(counts([clean(500), clean(600)]), [[0, 1100]])
  assert.deepEqual(counts([clean(0), hit(7, { conditions: null })]), [])
  assert.deepEqual(ratesOf(plan, new Map([['some-6.1/a-race', twentyHits]])), [], 'no control, no rate')
})

test('a measured rate is used at once, in its own series and in others', () => {
  const done = new Map([
    [BAD, twentyHits],
    ['base-5.10/a-race', [clean(300)]],
    ['some-6.1/a-race', [clean(100)]],
  ])
  const next = nextRace(plan, done, races)
  assert.ok(next && next.budget.trials > 300)
  const measured = ratesOf(plan, done)
  const judged = races.map((cell) => {
    const { verdict, race: standing } = judgeCell(theRace, inputOf(plan, cell, done.get(cellKey(cell)) ?? [], measured))
    return [cell.kernel.id, verdict, standing?.reference?.kernel, standing?.extrapolated]
  })
  assert.deepEqual(judged, [
    ['base-5.10', 'inconclusive', 'bad-5.10', false],
    ['bad-5.10', 'lacks', undefined, false],
    ['some-6.1', 'inconclusive', 'bad-5.10', true],
  ])
  assert.equal(nextRace({ ...plan, controls: [] }, done, races), null, 'without the control one look is all')
})

test('a control that was never hit leaves every race inconclusive after one look, even where an older rate was kept', () => {
  const kept = rate({ case: 'a-race', measuredAt: '2026-11-01T00:00:00.000Z' })
  const looked = [clean(200)]
  const done = new Map([
    [BAD, [clean(9000)]],
    ['base-5.10/a-race', looked],
    ['some-6.1/a-race', looked],
  ])
  assert.equal(nextRace({ ...plan, rates: [kept] }, done, races), null)
  assert.ok(nextRace({ ...plan, rates: [kept], controls: [] }, done, races))
})

/** Carry a plan out on kernels that answer by trial counts alone; stop after so many attempts, as if interrupted. */
function execute(before: ReadonlyMap<string, readonly JudgedAttempt[]>, most: number): Map<string, readonly JudgedAttempt[]> {
  const all = new Map(before)
  for (let made = 0; made < most; made += 1) {
    const next = nextMeasured(plan, all, races) ?? nextRace(plan, all, races)
    if (!next) break
    const key = cellKey(next.cell)
    const trials = Math.min(next.budget.trials, Math.floor(next.budget.seconds * 30))
    const done = key === BAD ? hit(35, { seconds: 0.4 }) : clean(trials, { seconds: trials / 30 })
    all.set(key, [...(all.get(key) ?? []), done])
  }
  return all
}

test('a run that is interrupted anywhere and resumed from its evidence ends the same', () => {
  const whole = execute(new Map(), 1000)
  assert.deepEqual(
    races.map((cell) => whole.get(cellKey(cell))?.length),
    [4, 20, 4],
  )
  const attempts = [...whole.values()].flat().length
  for (let stop = 0; stop <= attempts; stop += 1) {
    // Evidence goes through JSON on its way into the store and back.
    const kept = new Map(JSON.parse(JSON.stringify([...execute(new Map(), stop)])) as [string, JudgedAttempt[]][])
    assert.deepEqual(Object.fromEntries(execute(kept, 1000)), Object.fromEntries(whole), `interrupted after ${stop}`)
  }
})

test('a kernel that is not available leaves its time to the others', () => {
  const poor = { ...plan, controls: [], rates: [rate({ case: 'a-race' })], raceSeconds: 10 }
  const slow = new Map([['base-5.10/a-race', [clean(100, { seconds: 25 })]]])
  const open = races.filter((cell) => cell.kernel.id === 'base-5.10')
  assert.equal(nextRace(poor, slow, open)?.budget.seconds, 5)
})

test('a plan records the rates of its races and profiles, expired ones too', () => {
  const own = rate({ case: 'a-race' })
  const expired = rate({ case: 'a-race', conditions: { ...QUIET, qemu: '9.0.1' } })
  const kept = [own, expired, rate({ case: 'a-race', profile: 'x86_64-kvm-2cpu-1024m' }), rate({ case: 'gone' }), rate()]
  assert.deepEqual(ratesFor(plan.cases, 'tcg', kept), [own, expired])
})

test('a race whose rates have all expired is noted before the run, with what has changed', () => {
  const notes = (...rates: Plan['rates']) =>
    rateNotes({ ...plan, rates }, new Map([['a-race', { sha256: PROGRAM }]]), { host: QUIET.host, qemu: QUIET.qemu })
  const old = rate({ case: 'a-race', conditions: { ...QUIET, qemu: '9.0.1' } })
  assert.deepEqual(notes(old), [
    'a-race: rates were measured under QEMU 9.0.1, this is 7.2.19: they no longer count. kwitness controls measures them again',
  ])
  assert.deepEqual(notes(old, rate({ case: 'a-race', conditions: LOADED })), [])
  assert.deepEqual(notes(), [])
})

test('where kernels are compared, the measured one and the other take turns', () => {
  const verify = { patches: [], targets: ['a-race'], bases: [], each: false }
  const kernels = plan.kernels.filter(({ id }) => id !== 'some-6.1')
  const pair: PlanOf<'verify'> = { ...plan, kind: 'verify', kernels, verify }
  assert.deepEqual(raceOrder(pair), [nextInTurn, nextRace])
  assert.deepEqual(raceOrder(plan), [nextMeasured, nextRace])
  const own = cellsOf(pair).filter((cell) => cell.case === theRace)
  const done = new Map<string, readonly JudgedAttempt[]>()
  const order: string[] = []
  for (let next = nextInTurn(pair, done, own); next && order.length < 12; next = nextInTurn(pair, done, own)) {
    const key = cellKey(next.cell)
    order.push(next.cell.kernel.id.replace(/-.*/, ''))
    done.set(key, [...(done.get(key) ?? []), key === BAD ? hit(30, { seconds: 0.2 }) : clean(40, { seconds: 1 })])
  }
  assert.deepEqual(order, Array.from({ length: 6 }, () => ['bad', 'base']).flat())
  const seen = new Map<string, readonly JudgedAttempt[]>([
    [BAD, twentyHits],
    ['base-5.10/a-race', [hit(3)]],
  ])
  assert.equal(nextInTurn(pair, seen, own), null, 'a race that was seen wants no more')
  assert.equal(keyOf(nextInTurn({ ...pair, controls: [] }, new Map([[BAD, [clean(9)]]]), own)), 'base-5.10/a-race')
})
