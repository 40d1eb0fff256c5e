/** What is known of stored attempts is what their logs say: it is made again when logs, rules or the case change. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { END_MARKER } from '#console/ktap/reader.ts'
import type { Case } from '#domain/case.ts'
import { createStoredJudge, judgeStored } from '#run/report/stored-attempts.ts'
import { findingsOf, reportAttempt } from '#run/report/report-attempt.ts'
import { openStore } from '#store/index.ts'
import { openTextCache } from '#store/derived/text-cache.ts'
import { attemptIn, newRun, temporaryFolder } from '#test/helpers/evidence.ts'
import { exited, sampleCase } from '#test/helpers/judging.ts'

const CASE: Case = sampleCase('one', { oracle: 'deterministic' })
const OUTPUT = `KTAP version 1\n1..1\nnot ok 1 event\n# detail: 7\n${END_MARKER}\n`

async function given(t: TestContext) {
  const [folder, logs] = [await temporaryFolder(t), await temporaryFolder(t)]
  const store = await openStore(folder)
  t.after(() => store.close())
  const { id } = await store.createRun(newRun)
  const long = Array.from({ length: 2000 }, (_, line) => `[    1.000000] line ${line}\n`).join('')
  const evidence = await attemptIn(logs, { case: CASE.id, output: Buffer.from(OUTPUT), console: Buffer.from(long) })
  const record = await store.recordAttempt(id, { ...evidence, ending: exited({ code: 1 }) }, logs)
  return { folder, store, record, place: join(folder, 'evidence', id, record.id) }
}

test('what is known is what judging says, and is found by the next reader without the logs', async (t) => {
  const { store, record, place, folder } = await given(t)
  const whole = await judgeStored(store, record, CASE)
  assert.ok(whole.judged)
  const first = await createStoredJudge(store)
  const made = await first.judge(record, CASE)
  assert.deepEqual(made, { judged: findingsOf(whole.judged), problems: [] })
  first.keep()
  await rm(join(place, 'output.log'))
  const next = await createStoredJudge(store)
  assert.deepEqual((await next.judge(record, CASE)).judged, JSON.parse(JSON.stringify(made.judged)))
  const cache = openTextCache(join(folder, 'derived.sqlite'))
  assert.equal(cache.read('nothing'), null)
  cache.close()
})

test('an attempt is judged once, whatever order the keys of its case were read in', async (t) => {
  const { store, record, place } = await given(t)
  const first = await createStoredJudge(store)
  const made = await first.judge(record, CASE)
  first.keep()
  await rm(join(place, 'output.log'))
  const reversed = Object.fromEntries(Object.entries(CASE).toReversed()) as unknown as Case
  const next = await createStoredJudge(store)
  assert.deepEqual((await next.judge(record, reversed)).judged, made.judged)
})

test('by other rules an attempt is judged anew, and without its hashes it has problems', async (t) => {
  const { store, record, place } = await given(t)
  const judge = await createStoredJudge(store)
  assert.equal((await judge.judge(record, CASE)).judged?.judgement.outcome, 'reproduced')
  judge.keep()
  const byPanic = { ...CASE, symptomEnding: { kind: 'splat', title: 'KASAN' } as const }
  await rm(join(place, 'output.log'))
  assert.equal((await judge.judge(record, CASE)).judged?.judgement.outcome, 'reproduced', 'it is known')
  assert.equal((await judge.judge(record, byPanic)).judged, null, 'by other rules it has to be read')
  await rm(join(place, 'SHA256SUMS'))
  const lost = await judge.judge(record, CASE)
  assert.deepEqual([lost.judged, lost.problems.length > 0], [null, true])
})

test('a report reads logs when they are looked at, cut as its line numbers are', async (t) => {
  const { store, record, place } = await given(t)
  const judge = await createStoredJudge(store)
  const { judged } = await judge.judge(record, CASE)
  assert.ok(judged)
  const shown = reportAttempt(store, record, judged)
  assert.deepEqual(shown.output, OUTPUT.trimEnd().split('\n'))
  assert.equal(shown.console.length, 1501)
  assert.match(shown.console[600] ?? '', /^\[kwitness: 500 lines are left out here/)
  assert.equal(shown.console, shown.console, 'they are read once')
  const again = reportAttempt(store, record, judged)
  await rm(join(place, 'output.log'))
  assert.deepEqual(again.output, ['[kwitness: this log cannot be read any more]'])
})
