/** Cases whose symptom is how they end: in the step that they said they enter it is an answer, anywhere else it is trouble. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { EndingWord, Outcome, Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, runReport, type Ended } from '../helpers/cli.ts'

/** How each case must end, the rule that must have decided it, and what that makes of its cell. */
const EXPECTED: Readonly<Record<string, readonly [Outcome, EndingWord, rule: string, Verdict]>> = {
  'hang-after-step': ['error', 'case hung', 'agent/timeout', 'error'],
  'hang-before-step': ['error', 'case hung', 'agent/timeout', 'error'],
  'hang-in-step': ['reproduced', 'case hung', 'symptom/hang', 'lacks'],
  'hang-late': ['error', 'case hung', 'symptom/late', 'error'],
  'hang-of-guest': ['reproduced', 'kernel hung', 'symptom/hang', 'lacks'],
  'panic-before-step': ['unrelated-crash', 'panic', 'console/splat', 'error'],
  'panic-in-step': ['reproduced', 'panic', 'symptom/splat', 'lacks'],
  'panic-of-another-title': ['unrelated-crash', 'panic', 'console/splat', 'error'],
}

const ENDINGS = join(import.meta.dirname, 'endings')

/** Attempts that give no answer cost a guest its snapshot: those of other files are left alone. */
const place = await newPlace('guests')
let ran: Ended & { readonly report: Report }

before(async () => {
  const { v61 } = await fetchKernels()
  ran = await runReport(place, [...kernelWords(v61), '--catalogue', ENDINGS])
})
after(() => place.remove())

test('each ending is an answer in its step, and trouble anywhere else', async () => {
  assert.deepEqual((await readdir(ENDINGS)).toSorted(), Object.keys(EXPECTED))
  const seen = ran.report.cells.flatMap(({ case: id, verdict, attempts }) =>
    attempts.map(({ outcome, ending, reasons }) => [id, outcome, ending, reasons[0]?.rule, verdict]),
  )
  const expected = ran.report.cells.flatMap(({ case: id, attempts }) => attempts.map(() => [id, ...(EXPECTED[id] ?? [])]))
  assert.deepEqual(seen, expected, ran.stderr)
})

test('an answer is not asked for again, trouble is', () => {
  for (const { case: id, verdict, attempts } of ran.report.cells) assert.equal(attempts.length, verdict === 'lacks' ? 1 : 2, id)
})
