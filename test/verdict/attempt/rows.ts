/** Rows that hold the rules of an outcome: what was observed, what it must come to, and which rule must say so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Outcome } from '#domain/judgement.ts'
import type { Reading } from '#verdict/attempt/facts.ts'
import { judgeAttempt } from '#verdict/attempt/outcome.ts'
import { point, sampleEvidence, stream, theCase } from '#test/helpers/judging.ts'

export const OK = stream(point('pass'))
export const NOT_OK = stream(point('fail'))

export interface Row {
  readonly says: string
  /** The sample where not given. */
  readonly theCase?: Case
  /** A clean exit in a healthy guest where not given. */
  readonly evidence?: Evidence
  readonly reading: Reading
  readonly outcome: Outcome
  /** Rule that must come first in the reasons, and the line it must point at. */
  readonly rule: string
  readonly line?: number | null
}

/** One test per row. */
export function testRows(rows: readonly Row[]): void {
  for (const row of rows) {
    test(row.says, () => {
      const judged = judgeAttempt(row.evidence ?? sampleEvidence(), row.reading, row.theCase ?? theCase)
      const [first] = judged.reasons
      assert.deepEqual([judged.outcome, first?.rule], [row.outcome, row.rule])
      if (row.line !== undefined) assert.equal(first?.line, row.line)
    })
  }
}
