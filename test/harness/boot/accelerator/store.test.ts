/** How long an answer about KVM holds, what replaces it, and what a device that cannot be opened is called. */
import assert from 'node:assert/strict'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  bootTimeOf,
  decide,
  doubtKvm,
  holds,
  inspectDevice,
  lifetimeOf,
  readProof,
  writeProof,
} from '#harness/boot/accelerator/store.ts'
import type { Host } from '#harness/boot/qemu/host.ts'
import type { KvmDecision, KvmOutcome } from '#schema/cache/host.ts'
import { proofLines } from '#cli/output/accelerator.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-02-01T12:00:00Z')
const NEGATIVE: readonly KvmOutcome[] = ['refused', 'failed', 'silent', 'broke']
const host: Host = { qemu: '9', kernel: '6', cpus: 1, cpuModel: 'a CPU', cpuFeatures: '', tscKhz: 1 }

test('a negative answer is asked again soon, each confirmation later, and before a positive one', () => {
  for (const outcome of NEGATIVE) {
    const times = [1, 2, 3, 4, 5, 6].map((confirmations) => lifetimeOf(outcome, confirmations))
    assert.ok((times[0] ?? 0) <= HOUR_MS / 4, outcome)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.ok((times.at(-1) ?? 0) < lifetimeOf('works', 1), outcome)
    assert.equal(lifetimeOf(outcome, 1000), times.at(-1), 'no answer is final')
  }
  assert.equal(lifetimeOf('unclear', 9), 0, 'an unclear answer never holds')
})

test('the same answer again confirms the one before, another one starts anew', () => {
  const first = decide('silent', 'no word', null, NOW)
  const second = decide('silent', 'no word', first, NOW + HOUR_MS)
  assert.deepEqual([first.confirmations, second.confirmations], [1, 2])
  assert.equal(decide('refused', 'no', second, NOW).confirmations, 1)
  assert.deepEqual([second.decidedAt, second.why], ['2026-02-01T13:00:00.000Z', 'no word'])
  const lifetime = ({ validUntil, decidedAt }: KvmDecision) => Date.parse(validUntil) - Date.parse(decidedAt)
  assert.ok(lifetime(second) > lifetime(first))
})

test('KVM that worked and does not any more broke, and stays so until it works again', () => {
  const works = decide('works', null, null, NOW)
  for (const outcome of ['refused', 'failed', 'silent'] as const) {
    const broke = decide(outcome, 'no word', works, NOW + HOUR_MS)
    assert.deepEqual(
      [broke.outcome, broke.why],
      ['broke', 'it worked at 2026-02-01T12:00:00.000Z and does not any more: no word'],
    )
    const still = decide(outcome, 'no word', broke, NOW + 2 * HOUR_MS)
    assert.deepEqual([still.outcome, still.confirmations], ['broke', 2])
    assert.equal(decide('works', null, still, NOW).outcome, 'works')
  }
  assert.equal(decide('forbidden', 'no', works, NOW).outcome, 'forbidden', 'the device says it better')
  assert.equal(decide('unclear', 'no', works, NOW).outcome, 'unclear')
})

test('an answer holds from when it was made until its time is over', () => {
  const { decidedAt, ...works } = decide('works', null, null, NOW)
  assert.ok(holds(works, decidedAt, NOW))
  assert.ok(!holds(works, decidedAt, NOW - 1), 'the clock was set back')
  assert.ok(!holds(works, decidedAt, Date.parse(works.validUntil)))
  assert.ok(!holds(null, undefined, NOW))
  assert.ok(!holds({ validUntil: 'a damaged file' }, decidedAt, NOW))
  assert.ok(!holds({ validUntil: '9999-01-01T00:00:00Z' }, decidedAt, NOW + 25 * HOUR_MS), 'nothing holds for ever')
  assert.ok(!holds({ validUntil: '9999-01-01T00:00:00Z' }, 'a damaged file', NOW))
  const [sure, doubtful] = [false, true].map((isDoubtful) => bootTimeOf(11.6, isDoubtful, NOW))
  assert.ok(Date.parse(doubtful?.validUntil ?? '') < NOW + HOUR_MS && Date.parse(sure?.validUntil ?? '') > NOW + HOUR_MS)
})

test('a device is absent, forbidden or opens', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const device = join(folder, 'kvm')
  assert.deepEqual(await inspectDevice(device), { outcome: 'absent', why: `there is no ${device}` })
  await writeFile(device, '')
  assert.equal(await inspectDevice(device), null)
  await chmod(device, 0)
  const isRoot = process.geteuid?.() === 0
  // Root may open everything: nobody may not.
  if (isRoot) process.seteuid?.(65534)
  try {
    assert.deepEqual(await inspectDevice(device), { outcome: 'forbidden', why: `${device} cannot be opened (EACCES)` })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

test('a proof is kept for its host, and a guest that does not boot takes the answer of KVM away', async (t) => {
  const cache = await temporaryFolder(t)
  assert.equal(await doubtKvm(cache), false)
  const kvm = decide('works', null, null, Date.now())
  await writeProof(cache, host, { kvm, bootTimes: { kvm: bootTimeOf(0.4, false, Date.now()), tcg: null }, boots: [] })
  assert.deepEqual((await readProof(cache, host))?.kvm, kvm)
  assert.equal(await readProof(cache, { ...host, qemu: '10' }), null)
  assert.equal(await doubtKvm(cache), true)
  const doubted = (await readProof(cache, host))?.kvm ?? null
  assert.equal(doubted?.outcome, 'works', 'what was proven stays known')
  assert.ok(!holds(doubted, doubted?.decidedAt, Date.now()))
  assert.equal(await doubtKvm(cache), false, 'once')
})

test('a boot time that no boot can have is not believed, nor a file that is damaged', async (t) => {
  const cache = await temporaryFolder(t)
  const file = join(cache, 'host', 'accelerator.json')
  const time = bootTimeOf(2, false, Date.now())
  await writeProof(cache, host, { kvm: null, bootTimes: { kvm: null, tcg: time }, boots: [] })
  const text = await readFile(file, 'utf8')
  for (const seconds of ['1e9', '-1', '"2"', '300.5', 'null']) {
    await writeFile(file, text.replace('"seconds":2', `"seconds":${seconds}`))
    assert.equal(await readProof(cache, host), null, seconds)
  }
  await writeFile(file, text.slice(0, -20))
  assert.equal(await readProof(cache, host), null)
  await writeFile(file, text)
  assert.deepEqual((await readProof(cache, host))?.bootTimes.tcg, time)
})

test('doctor says what was decided, when, by which guests, and when it is asked again', () => {
  const kvm = decide('silent', 'no guest boots with it: no word', decide('silent', 'no', null, NOW), NOW)
  const bootTimes = { kvm: null, tcg: bootTimeOf(1.8, false, NOW) }
  const boots = [
    { accelerator: 'tcg', seconds: 1.8, limitSeconds: 120, problem: null },
    { accelerator: 'kvm', seconds: null, limitSeconds: 300, problem: 'the agent did not greet within 7 s' },
  ] as const
  const lines = (isHeld: boolean) => proofLines({ accelerator: 'tcg', bootSeconds: 1.8, kvm, bootTimes, boots, holds: isHeld })
  assert.deepEqual(lines(true), [
    'TCG: a guest under KVM stayed silent (no guest boots with it: no word)',
    'decided at 2026-02-01 12:00 UTC, 2 times in a row; a run after 2026-02-01 12:40 UTC asks again',
    '  a guest under TCG: spoke after 1.8 s',
    '  a guest under KVM: the agent did not greet within 7 s',
    'a guest under TCG boots in 1.8 s, measured at 2026-02-01 12:00 UTC; measured again after 2026-02-02 12:00 UTC',
  ])
  assert.match(lines(false)[1] ?? '', /; the next run asks again$/)
})
