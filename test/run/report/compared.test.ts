/** What is kept of a report compares as the report does, and is left aside when what it was made of has changed. */
import assert from 'node:assert/strict'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { diffOf } from '#analysis/diff/diff.ts'
import type { PlanOf } from '#plan/plan.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { keepCompared, knownCompared } from '#run/report/compared.ts'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import { attemptIn, host, kernel, temporaryFolder } from '#test/helpers/evidence.ts'
import { theCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const plan: PlanOf<'matrix'> = {
  ...planCommon,
  kind: 'matrix',
  kernels: [kernel],
  cases: [{ ...theCase, id: 'uffd-fork-event' }],
}
const startedAt = '2026-11-21T10:00:00.000Z'

/** A store with a finished run, what is known of it, and its files. */
async function given(t: TestContext, { plan: wanted = plan }: { readonly plan?: PlanOf<'matrix'> } = {}) {
  const folder = await temporaryFolder(t)
  const store = await openStore(folder)
  t.after(() => store.close())
  const { id } = await store.createRun({ startedAt, plan: wanted, host })
  const logs = await temporaryFolder(t)
  const attempt = await store.recordAttempt(id, await attemptIn(logs, { case: 'uffd-fork-event' }), logs)
  await store.finishRun(id, startedAt)
  const run = await store.readRun(id)
  const { report } = await buildRunReport(store, run)
  return { folder, store, run, report, sums: join(folder, 'evidence', id, attempt.id, 'SHA256SUMS') }
}

test('what is kept compares as the report does', async (t) => {
  const { store, run, report } = await given(t)
  assert.equal(await knownCompared(store, run), null)
  await keepCompared(store, run, report)
  const known = await knownCompared(store, run)
  assert.ok(known)
  const other = { ...report, cells: report.cells.map((cell) => ({ ...cell, verdict: 'lacks' as const })) }
  assert.notDeepEqual(diffOf(report, other).entries, [], 'they differ')
  assert.deepEqual(diffOf(known, other), diffOf(report, other))
  assert.deepEqual(diffOf(other, known, [known]), diffOf(other, report, [report]))
})

test('it is left aside when the files of an attempt were written again or are gone', async (t) => {
  const { store, run, report, sums } = await given(t)
  await keepCompared(store, run, report)
  await utimes(sums, 0, 0)
  assert.equal(await knownCompared(store, run), null)
  await keepCompared(store, run, report)
  assert.ok(await knownCompared(store, run))
  await rm(sums)
  assert.equal(await knownCompared(store, run), null)
  await writeFile(sums, '')
  assert.equal(await knownCompared(store, run), null)
})

test('it is left aside when the plan is another one, or what was kept is damaged', async (t) => {
  const { folder, store, run, report } = await given(t)
  await keepCompared(store, run, report)
  assert.equal(await knownCompared(store, { ...run, plan: { ...plan, seed: '7' } }), null)
  const cache = openDatabase(join(folder, 'derived.sqlite'), { readOnly: false })
  for (const text of ['{"deflated":"AAAA"}', '{"deflated":1}', '{', '{"deflated":""}']) {
    assert.equal(cache.run("UPDATE texts SET text = ? WHERE name LIKE 'compared %'", text), 1)
    assert.equal(await knownCompared(store, run), null, text)
  }
  cache.close()
})

test('nothing is kept of a run under way, nor where a kernel has no attempt', async (t) => {
  const { store, run, report } = await given(t)
  const open = { ...run, finishedAt: null }
  await keepCompared(store, open, report)
  assert.equal(await knownCompared(store, open), null)
  assert.equal(await knownCompared(store, run), null)
  const wider = await given(t, { plan: { ...plan, kernels: [kernel, { ...kernel, id: 'another', build: 'another' }] } })
  await keepCompared(wider.store, wider.run, wider.report)
  assert.equal(await knownCompared(wider.store, wider.run), null)
})
