/** One trial for each class of boundaries leads to the same record as one at each boundary, and so it does every time. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { scheduledGuests, type ScheduledGuest } from '#bench/support/scheduled-guest.ts'
import { driveSchedule } from '#harness/schedule/drive.ts'
import { listKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { Schedule, ScheduleRecord } from '#domain/race/schedule.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { fetchKernels } from '#test/helpers/cli.ts'

const context = { workspace: findWorkspace() }
let scratch: string
let schedule: Schedule
let start: () => Promise<ScheduledGuest>

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'kwitness-schedule-'))
  const { v61 } = await fetchKernels()
  const [kernel] = await listKernels(context, { selector: v61 })
  const [theCase] = selectCases(await readCatalogue(CATALOGUE), ['thp-cold-vs-write'])
  assert.ok(kernel && theCase?.schedule)
  schedule = theCase.schedule
  start = await scheduledGuests(kernel, theCase, context, scratch)
})
after(() => rm(scratch, { recursive: true, force: true }))

async function drive(isExhaustive: boolean): Promise<ScheduleRecord> {
  const { qemu, image, block } = await start()
  try {
    const { record } = await driveSchedule(qemu, block, { schedule, image, limitSeconds: 100, isExhaustive })
    return record
  } finally {
    await qemu.kill()
  }
}

test('a kernel that lacks the fix shows the bug at the same boundaries, whether each is tried or one of its class', async () => {
  const [exhaustive, once, again] = [await drive(true), await drive(false), await drive(false)]
  const boundaries = exhaustive.path.length
  assert.equal(exhaustive.problem, null)
  assert.equal(exhaustive.trials, boundaries)
  assert.ok(once.trials !== undefined && once.trials < boundaries / 2, `${once.trials} of ${boundaries}`)
  assert.ok(exhaustive.kernel.some(({ hit }) => hit))
  assert.ok(exhaustive.kernel.every(({ end }) => end !== 'void'))
  assert.deepEqual({ ...once, trials: boundaries }, exhaustive)
  assert.equal(JSON.stringify(again), JSON.stringify(once))
})
