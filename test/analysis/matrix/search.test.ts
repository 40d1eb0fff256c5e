/** The search for boundaries, against the scan that asks every kernel. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundariesOf } from '#analysis/matrix/boundary.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import { nextProbes } from '#analysis/matrix/search.ts'
import type { Verdict } from '#domain/judgement.ts'
import { kernel } from '#test/helpers/reports.ts'

interface Searched {
  readonly asked: readonly number[]
  readonly rounds: number
  /** `3 lacks, 4 carries`, with `untested-between` where something between could have been asked. */
  readonly found: readonly string[]
}

const kernels = (truth: readonly Verdict[]) => truth.map((_, index) => kernel(`6.1.${index}`))

/** The flips of a line that answers as `truth` when these places are asked. */
function flips(truth: readonly Verdict[], asked: Iterable<number>): string[] {
  const line = kernels(truth)
  const cells = [...asked].map((index) => ({ kernel: line[index]?.id ?? '', case: 'one', verdict: truth[index] ?? 'no-result' }))
  const own = line.filter(({ id }) => cells.some((cell) => cell.kernel === id))
  const place = (id: string) => line.findIndex((one) => one.id === id)
  return boundariesOf(
    own,
    cells,
    line.map((one) => ({ ...one, notOnMirror: false })),
  ).map(({ before, from, after, to, precision }) => `${place(before)} ${from}, ${place(after)} ${to}: ${precision}`)
}

function search(truth: readonly Verdict[], claimed: number | null = null): Searched {
  const answers = new Map<number, Verdict>()
  for (let rounds = 0; ; rounds += 1) {
    const next = nextProbes(truth.length, answers, claimed)
    if (next.length === 0) return { asked: [...answers.keys()], rounds, found: flips(truth, answers.keys()) }
    for (const index of next) {
      assert.ok(index >= 0 && index < truth.length && !answers.has(index), `${index} is asked once, and is there`)
      answers.set(index, truth[index] ?? 'no-result')
    }
  }
}

const scan = (truth: readonly Verdict[]) => flips(truth, truth.keys())
const row = (count: number, verdict: Verdict) => Array.from({ length: count }, () => verdict)
const silent = fc.constantFrom<Verdict>('error', 'no-result')
const answer = fc.constantFrom<Verdict>('carries', 'lacks')
const claim = fc.option(fc.nat(70))

/** A line that changes as often as there are verdicts in `order`, but once, some kernels silent. */
function changing(order: readonly Verdict[]): fc.Arbitrary<Verdict[]> {
  const rows = fc.tuple(...order.map((verdict) => fc.integer({ min: 1, max: 20 }).map((count) => row(count, verdict))))
  return rows
    .map((parts) => parts.flat())
    .chain((line) => fc.tuple(...line.map((verdict) => fc.oneof({ weight: 6, arbitrary: fc.constant(verdict) }, silent))))
}

test('both ends are asked first, at once', () => {
  assert.deepEqual(nextProbes(9, new Map()), [0, 8])
  assert.deepEqual(nextProbes(1, new Map()), [0])
  assert.deepEqual(nextProbes(0, new Map()), [])
})

test('a fix that came is found between two neighbours, and few are asked', () => {
  const truth = [...row(13, 'lacks'), ...row(22, 'carries')]
  const { asked, found } = search(truth)
  assert.deepEqual(found, ['12 lacks, 13 carries: adjacent'])
  assert.ok(asked.length <= 8, `${asked.length} asked of 35`)
  assert.deepEqual(search(truth.toReversed()).found, ['21 carries, 22 lacks: adjacent'])
})

test('where the claim sources are right four kernels are enough, and where they are wrong the same is found', () => {
  const truth = [...row(13, 'lacks'), ...row(22, 'carries')]
  assert.deepEqual(
    search(truth, 13).asked.toSorted((a, b) => a - b),
    [0, 12, 13, 34],
  )
  for (const claimed of [0, 1, 12, 14, 34, 35, 99]) {
    assert.deepEqual(search(truth, claimed).found, ['12 lacks, 13 carries: adjacent'])
  }
})

test('ends that are alike are checked in the middle and where the claim sources say it changes', () => {
  assert.deepEqual(search(row(35, 'carries')).asked, [0, 34, 17])
  const once = [...row(4, 'lacks'), ...row(3, 'carries'), ...row(28, 'lacks')]
  assert.deepEqual(search(once).found, [], 'what comes and goes between two that are alike is not seen')
  assert.deepEqual(search(once, 4).found, ['3 lacks, 4 carries: adjacent', '6 carries, 7 lacks: adjacent'])
  const middle = [...row(9, 'carries'), ...row(9, 'lacks'), ...row(9, 'carries')]
  assert.deepEqual(search(middle).found, ['8 carries, 9 lacks: adjacent', '17 lacks, 18 carries: adjacent'])
})

test('kernels without an answer are walked around, in the middle and at the ends', () => {
  const truth: Verdict[] = ['no-result', 'lacks', 'lacks', 'error', 'error', 'carries', 'carries', 'error']
  assert.deepEqual(search(truth).found, ['2 lacks, 5 carries: untested-between'])
  assert.deepEqual(search(row(9, 'error')).found, [])
  assert.equal(search(row(9, 'error')).asked.length, 9)
})

test('a series that cannot be asked, or proves nothing, is believed after both ends and the middle', () => {
  for (const verdict of ['not-applicable', 'inconclusive'] as const) assert.equal(search(row(35, verdict)).asked.length, 3)
})

test('all between a kernel that lacks and one that carries is asked, so that the boundary is adjacent', () => {
  const truth = [...row(8, 'lacks'), ...row(9, 'not-applicable'), ...row(8, 'carries')]
  assert.deepEqual(search(truth).found, ['7 lacks, 17 carries: adjacent'])
})

test('property: what changes once is found as the scan finds it, whatever is silent and whatever the claim sources say', () => {
  const lines = fc.oneof(
    changing(['lacks']),
    changing(['carries']),
    changing(['lacks', 'carries']),
    changing(['carries', 'lacks']),
    changing(['not-applicable', 'lacks', 'carries']),
    changing(['not-applicable', 'carries']),
  )
  fc.assert(
    fc.property(lines, claim, (truth, claimed) => {
      assert.deepEqual(search(truth, claimed).found, scan(truth))
    }),
  )
})

test('property: of any line whatever, each boundary found is one of the scan, and ends that differ give one', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...VERDICTS), { maxLength: 40 }), claim, (truth, claimed) => {
      const { found } = search(truth, claimed)
      const all = scan(truth)
      for (const one of found) assert.ok(all.includes(one), one)
    }),
  )
  fc.assert(
    fc.property(fc.array(answer, { minLength: 2, maxLength: 60 }), claim, (truth, claimed) => {
      const { found } = search(truth, claimed)
      const all = scan(truth)
      for (const one of found) assert.ok(all.includes(one), one)
      assert.equal(found.length % 2, truth[0] === truth.at(-1) ? 0 : 1)
    }),
  )
})

test('property: asked are no more than the ends, halves and the two of the claim sources', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 100 }), claim, (before, after, claimed) => {
      const { asked } = search([...row(before, 'lacks'), ...row(after, 'carries')], claimed)
      assert.ok(asked.length <= 2 + Math.ceil(Math.log2(before + after)) + 3, `${asked.length} of ${before + after}`)
    }),
  )
})
