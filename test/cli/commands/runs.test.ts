/** `kwitness runs`: whose runs they are and how far they came, filtered and sorted. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { REPOSITORY } from '#harness/support/repository.ts'
import { openStore } from '#store/index.ts'
import type { PlanOf } from '#plan/plan.ts'
import { newPlace, runCli } from '#test/helpers/cli.ts'
import { attemptIn, host, kernel } from '#test/helpers/evidence.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const place = await newPlace()
const ids: string[] = []

before(async () => {
  await mkdir(place.state)
  const logs = place.folder
  const store = await openStore(place.state)
  const planOfCase = (id: string): PlanOf<'matrix'> => ({
    ...planCommon,
    kind: 'matrix',
    kernels: [kernel],
    cases: [sampleCase(id)],
  })
  const mine = { checkout: REPOSITORY, command: ['run', '--cases', 'uffd-one'] }
  const other = { checkout: '/elsewhere/kwitness', command: ['run'] }
  const days = ['2026-11-01', '2026-11-02', '2026-11-03']
  for (const [index, day] of days.entries()) {
    const startedAt = `${day}T10:00:00.000Z`
    const origin = index === 1 ? other : mine
    const { id } = await store.createRun({ startedAt, plan: planOfCase(index === 2 ? 'ksm-two' : 'uffd-one'), host, origin })
    ids.push(id)
    if (index === 0) await store.recordAttempt(id, await attemptIn(logs, { case: 'uffd-one' }), logs)
    if (index === 1) await store.reuseAttempts(id, (await store.attemptsOf(ids[0] ?? '')).attempts)
    if (index === 2) await store.releaseRun(id)
    else await store.finishRun(id, `${day}T11:00:00.000Z`)
  }
  store.close()
})
after(() => place.remove())

const listed = async (...words: readonly string[]): Promise<string[]> => {
  const { code, stdout, stderr } = await runCli(place, ['runs', '--json', ...words])
  assert.equal(code, 0, stderr)
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)
}

test('each run says what it was, how far it came and, unless that is here, where it was started', async () => {
  const { stdout } = await runCli(place, ['runs'])
  assert.deepEqual(
    stdout
      .trimEnd()
      .split(/\n/)
      .map((line) => line.replaceAll(/ {2,}/g, ' | ')),
    [
      `${ids[0]} | 2026-11-01 10:00 | matrix | 1 x 1 | 1 made | finished | kwitness run --cases uffd-one`,
      `${ids[1]} | 2026-11-02 10:00 | matrix | 1 x 1 | 0 made, 1 reused | finished | kwitness run in /elsewhere/kwitness`,
      `${ids[2]} | 2026-11-03 10:00 | matrix | 1 x 1 | 0 made | can be resumed | kwitness run --cases uffd-one`,
    ],
  )
})

test('filters and orders', async () => {
  const [one, two, three] = ids
  assert.deepEqual(await listed(), [one, two, three])
  assert.deepEqual(await listed('--here'), [one, three])
  assert.deepEqual(await listed('--state', 'resumable'), [three])
  assert.deepEqual(await listed('--since', '2026-11-02'), [two, three])
  assert.deepEqual(await listed('--cases', 'uffd-*', '--here'), [one])
  assert.deepEqual(await listed('--kernels', '6.1.170'), [one, two, three])
  assert.deepEqual(await listed('--kernels', '5.10'), [])
  assert.deepEqual(await listed('--sort', 'state'), [three, one, two])
  assert.deepEqual(await listed('--sort', 'attempts'), [two, three, one])
})
