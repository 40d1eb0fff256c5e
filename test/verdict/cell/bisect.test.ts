/** What a judged cell means to a bisection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Outcome, Verdict } from '#domain/judgement.ts'
import { answerOf, repeatSeconds, bisectTargetOf } from '#verdict/cell/bisect.ts'

const cell = (verdict: Verdict, outcomes: readonly Outcome[] = [], missChance: number | null = null) =>
  answerOf({ verdict, missChance, attempts: outcomes.map((outcome) => ({ outcome })) })

test('a bug that was seen and one that was not are answers; of a clean race the doubt is carried along', () => {
  assert.deepEqual(cell('lacks', ['reproduced']), { answer: 'shows', doubt: 0 })
  assert.deepEqual(cell('carries', ['clean']), { answer: 'clean', doubt: 0 })
  assert.deepEqual(cell('carries', ['clean'], 3e-7), { answer: 'clean', doubt: 3e-7 })
})

test('what says nothing of the bug makes a commit mute: no boot, a crash, a broken or skipped case, too few trials', () => {
  const answers = [
    cell('missing', ['no-boot', 'no-boot', 'no-boot']),
    cell('broken', ['unrelated-crash', 'unrelated-crash']),
    cell('broken', ['broken', 'broken']),
    cell('not-applicable', ['skipped']),
    cell('unproven', ['clean'], 0.2),
  ]
  const words = ['does-not-boot', 'crashed', 'case-broke', 'cannot-be-asked', 'undecided']
  assert.deepEqual(
    answers,
    words.map((answer) => ({ answer, doubt: 0 })),
  )
})

test('a fault of this host is never an answer, nor a reason to skip', () => {
  assert.equal(cell('missing'), 'infra')
  assert.equal(cell('missing', ['infra', 'infra', 'infra']), 'infra')
  assert.equal(cell('missing', ['no-boot', 'no-boot', 'infra']), 'infra')
  assert.equal(cell('broken', ['broken', 'infra', 'infra', 'infra']), 'infra')
})

test('attempts lost to this host beside an answer change nothing of it', () => {
  const lost = fc.array(fc.constantFrom<Outcome>('infra', 'no-boot'))
  fc.assert(
    fc.property(lost, lost, (before, after) => {
      assert.deepEqual(cell('lacks', [...before, 'reproduced', ...after]), { answer: 'shows', doubt: 0 })
      assert.deepEqual(cell('carries', [...before, 'clean', ...after]), { answer: 'clean', doubt: 0 })
    }),
  )
})

test('what is sought follows from the ends, and from nothing when they do not differ or one is mute', () => {
  assert.equal(bisectTargetOf('clean', 'shows'), 'bug')
  assert.equal(bisectTargetOf('shows', 'clean'), 'fix')
  const pairs = [
    ['clean', 'clean'],
    ['shows', 'shows'],
    ['does-not-build', 'shows'],
    ['clean', 'undecided'],
  ] as const
  assert.deepEqual(
    pairs.map(([older, newer]) => bisectTargetOf(older, newer)),
    [null, null, null, null],
  )
})

test('an undecided race is asked again for longer, and not for ever; nothing else is', () => {
  assert.deepEqual(
    [1, 2, 3].map((asked) => repeatSeconds('undecided', asked, 30)),
    [60, 120, null],
  )
  assert.deepEqual(
    (['clean', 'shows', 'crashed'] as const).map((answer) => repeatSeconds(answer, 1, 30)),
    [null, null, null],
  )
})
