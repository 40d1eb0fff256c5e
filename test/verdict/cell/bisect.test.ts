/** What a judged cell means to a bisection. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Outcome, Verdict } from '#domain/judgement.ts'
import { answerOf, repeatSeconds, bisectTargetOf } from '#verdict/cell/bisect.ts'

const cell = (verdict: Verdict, outcomes: readonly Outcome[] = [], missProbability: number | null = null) =>
  answerOf({ verdict, missProbability, attempts: outcomes.map((outcome) => ({ outcome })) })

test('a bug that was seen and one that was not are answers; a race without a hit has an error probability', () => {
  assert.deepEqual(cell('lacks', ['reproduced']), { answer: 'shows-bug', errorProbability: 0 })
  assert.deepEqual(cell('carries', ['not-reproduced']), { answer: 'no-bug', errorProbability: 0 })
  assert.deepEqual(cell('carries', ['not-reproduced'], 3e-7), { answer: 'no-bug', errorProbability: 3e-7 })
})

test('a commit without an answer is untestable: no boot, a crash, a failed or skipped case, too few trials', () => {
  const answers = [
    cell('no-result', ['no-boot', 'no-boot', 'no-boot']),
    cell('error', ['unrelated-crash', 'unrelated-crash']),
    cell('error', ['error', 'error']),
    cell('not-applicable', ['skipped']),
    cell('inconclusive', ['not-reproduced'], 0.2),
  ]
  const words = ['does-not-boot', 'crashed', 'case-error', 'not-applicable', 'inconclusive']
  assert.deepEqual(
    answers,
    words.map((answer) => ({ answer, errorProbability: 0 })),
  )
})

test('a fault of this host is never an answer, nor a reason to skip', () => {
  assert.equal(cell('no-result'), 'infra')
  assert.equal(cell('no-result', ['infra', 'infra', 'infra']), 'infra')
  assert.equal(cell('no-result', ['no-boot', 'no-boot', 'infra']), 'infra')
  assert.equal(cell('error', ['error', 'infra', 'infra', 'infra']), 'infra')
})

test('attempts lost to this host beside an answer change nothing of it', () => {
  const lost = fc.array(fc.constantFrom<Outcome>('infra', 'no-boot'))
  fc.assert(
    fc.property(lost, lost, (before, after) => {
      assert.deepEqual(cell('lacks', [...before, 'reproduced', ...after]), { answer: 'shows-bug', errorProbability: 0 })
      assert.deepEqual(cell('carries', [...before, 'not-reproduced', ...after]), { answer: 'no-bug', errorProbability: 0 })
    }),
  )
})

test('the target follows from the ends; there is none when they do not differ or one is untestable', () => {
  assert.equal(bisectTargetOf('no-bug', 'shows-bug'), 'bug')
  assert.equal(bisectTargetOf('shows-bug', 'no-bug'), 'fix')
  const pairs = [
    ['no-bug', 'no-bug'],
    ['shows-bug', 'shows-bug'],
    ['does-not-build', 'shows-bug'],
    ['no-bug', 'inconclusive'],
  ] as const
  assert.deepEqual(
    pairs.map(([older, newer]) => bisectTargetOf(older, newer)),
    [null, null, null, null],
  )
})

test('an undecided race is asked again for longer, and not for ever; nothing else is', () => {
  assert.deepEqual(
    [1, 2, 3].map((asked) => repeatSeconds('inconclusive', asked, 30)),
    [60, 120, null],
  )
  assert.deepEqual(
    (['no-bug', 'shows-bug', 'crashed'] as const).map((answer) => repeatSeconds(answer, 1, 30)),
    [null, null, null],
  )
})
