import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '#domain/judgement.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'

const ROWS: readonly [readonly Outcome[], boolean][] = [
  [[], true],
  [['clean'], false],
  [['reproduced'], false],
  [['skipped'], false],
  [['unrelated-crash'], true],
  [['unrelated-crash', 'unrelated-crash'], false],
  [['unrelated-crash', 'broken'], false],
  [['broken'], true],
  [['broken', 'broken'], false],
  [['infra'], true],
  [['infra', 'no-boot'], true],
  [['infra', 'no-boot', 'infra'], false],
  [['no-boot', 'no-boot', 'no-boot'], false],
  [['infra', 'infra', 'broken'], true],
  [['infra', 'infra', 'broken', 'broken'], false],
  [['broken', 'clean'], false],
  [['clean', 'infra'], false],
]

const NOTHING = { ending: 'clean exit', reasons: [], trials: null, trigger: null } as const

for (const [outcomes, wanted] of ROWS) {
  test(`after ${outcomes.join(', ') || 'nothing'} ${wanted ? 'one more is made' : 'it is settled'}`, () => {
    const attempts = outcomes.map((outcome) => ({ ...NOTHING, outcome }))
    assert.equal(wantsAnotherAttempt(attempts), wanted)
  })
}
