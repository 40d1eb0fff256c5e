/** Commands that find nothing to show or to check: exit 2, with what to do, and nothing on standard output. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PlanOf } from '#plan/plan.ts'
import { checkCase } from '#run/check-case.ts'
import { CATALOGUE } from '#run/prepare/catalogue.ts'
import { openStore } from '#store/index.ts'
import { newPlace, runCli } from '#test/helpers/cli.ts'
import { host, kernel, temporaryFolder } from '#test/helpers/evidence.ts'
import { theCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

test('a store without a run, and a search that asked no kernel yet', async () => {
  const place = await newPlace()
  try {
    await mkdir(place.state)
    const store = await openStore(place.state)
    const none = await runCli(place, ['runs', '--json'])
    assert.deepEqual([none.code, none.stdout], [2, ''])
    assert.match(none.stderr, /no run is stored yet/)
    const plan: PlanOf<'search'> = { ...planCommon, kind: 'search', kernels: [kernel], cases: [theCase] }
    const { id } = await store.createRun({ startedAt: '2026-11-21T10:00:00.000Z', plan, host })
    store.close()
    const empty = await runCli(place, ['report', '--json'])
    assert.deepEqual([empty.code, empty.stdout], [2, ''])
    assert.match(empty.stderr, new RegExp(`run ${id} has no result: no kernel was asked yet\n {2}kwitness boundary --resume`))
  } finally {
    await place.remove()
  }
})

test('a case that is not in the catalogue is no case to check', async (t) => {
  const folder = await temporaryFolder(t)
  const context = { workspace: { cache: join(folder, 'cache'), state: folder } }
  const check = (id: string, catalogue = CATALOGUE) => checkCase({ catalogue, id }, context, () => {}).next()
  for (const id of ['absent', '..', '', 'ksm-*', 'ksm-soft-dirty/../ksm-soft-dirty']) {
    await assert.rejects(check(id), { name: 'UserError', message: `there is no case ${id} in ${CATALOGUE}` })
  }
  await assert.rejects(check('absent', join(folder, 'none')), { name: 'UserError', message: /cannot be read: ENOENT/ })
})
