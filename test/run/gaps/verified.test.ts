/** Gaps name the newest patch that a stored verification has seen fix them in their series, and no other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { END_MARKER } from '#console/ktap/reader.ts'
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import { verifyPlan } from '#plan/verify.ts'
import { withVerified } from '#run/gaps/verified.ts'
import { openStore } from '#store/index.ts'
import type { Store } from '#store/ports.ts'
import { attemptIn, host, kernel, temporaryFolder } from '#test/helpers/evidence.ts'
import { exited, sampleCase } from '#test/helpers/judging.ts'
import { GAP } from '#test/helpers/reports/gaps.ts'
import { planOf } from '#test/helpers/reports/verifications.ts'
import { planCommon } from '#test/plan/plans.ts'

/** A verification of a patch for the case `fix`: whether the patched kernel shows the bug; the newest one is made last. */
async function verify(store: Store, folder: string, patch: string, { lacks = false, series = '6.1.y', isOver = true } = {}) {
  const kernels = ['before', 'after'].map((id) => ({ ...kernel, id, series, provider: 'tree' as const }))
  const own = planOf()
  const plan = verifyPlan(
    { ...planCommon, kernels, cases: [sampleCase('fix', { oracle: 'deterministic' })] },
    { ...own, patches: [{ name: patch, subject: patch, commits: [] }] },
  )
  const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
  for (const [name, isAffected] of [
    ['before', true],
    ['after', lacks],
  ] as const) {
    const output = Buffer.from(`KTAP version 1\n1..1\n${isAffected ? 'not ok' : 'ok'} 1 event\n${END_MARKER}\n`)
    const evidence = await attemptIn(folder, { kernel: name, case: 'fix', output })
    await store.recordAttempt(id, { ...evidence, ending: exited({ code: isAffected ? 1 : 0 }) }, folder)
  }
  if (isOver) await store.finishRun(id, new Date().toISOString())
  return id
}

test('of several verifications the newest that fixes the case in the series counts', async (t) => {
  const [state, folder] = [await temporaryFolder(t), await temporaryFolder(t)]
  const store = await openStore(state)
  t.after(() => store.close())
  const gaps: Gap[] = [
    { ...GAP, series: '6.1.y', case: 'fix' },
    { ...GAP, series: '5.10.y', case: 'fix' },
    { ...GAP, series: '6.1.y', case: 'other' },
  ]
  const report: GapReport = { schema: 'kwitness.gaps/1', run: { id: 'r', startedAt: '2026-11-02T00:00:00Z' }, kernels: [], gaps }
  const patches = async () => (await withVerified(report, store, assert.fail)).gaps.map(({ verified }) => verified?.patch ?? null)
  assert.deepEqual(await patches(), [null, null, null])
  await verify(store, folder, 'older')
  const id = await verify(store, folder, 'newer')
  await verify(store, folder, 'useless', { lacks: true })
  await verify(store, folder, 'of-another-series', { series: '6.12.y' })
  await verify(store, folder, 'interrupted', { isOver: false })
  assert.deepEqual(await patches(), ['newer', null, null])
  assert.equal((await withVerified(report, store, assert.fail)).gaps[0]?.verified?.run, id)
  await verify(store, folder, 'backport', { series: '5.10.y' })
  assert.deepEqual(await patches(), ['newer', 'backport', null])
})
