/** How the accelerator is decided, by real guests. A stand-in for QEMU emulates a KVM that works, or that does not any more. */
import assert from 'node:assert/strict'
import { mkdir, rename, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { proofLines } from '#cli/output/accelerator.ts'
import { GuestSource } from '#harness/boot/guests.ts'
import { given } from './proofs.ts'

test('KVM works when a guest speaks; the answer is believed, and goes when a guest does not boot any more', async (t) => {
  const { image, host, initramfs, cache, standIn, notes, prove, known, expire } = await given(t)
  const first = await prove()
  assert.deepEqual([first.accelerator, first.isNew, first.why], ['kvm', true, null])
  const { kvm, boots, holds } = await known()
  // On a loaded host it speaks late.
  assert.ok(kvm?.outcome === 'works' || kvm?.outcome === 'late', kvm?.outcome)
  assert.deepEqual([boots.some(({ accelerator, seconds }) => accelerator === 'kvm' && seconds !== null), holds], [true, true])

  await standIn.treat({ refuse: 'Could not access KVM kernel module: No such device' })
  assert.deepEqual(await prove(), { ...first, isNew: false }, 'from the cache')
  const guests = new GuestSource(cache, { noSnapshot: true, note: (text) => notes.push(text) })
  const profile = { arch: 'x86_64', accelerator: 'kvm', cpus: 1, memoryMiB: 512, cmdline: [] } as const
  const payload = join(cache, 'payload')
  await writeFile(payload, '')
  const guest = await guests.start({ image, initramfs, profile, host }, payload, { limitSeconds: 20 })
  assert.equal(guest.ok, false)
  assert.match(notes.join('\n'), /boots under KVM, though one proved it earlier.*the next run asks again/s)

  const second = await prove()
  assert.deepEqual([second.accelerator, second.isNew], ['tcg', true])
  assert.match(second.why ?? '', /it worked at 2.* and does not any more: .* opens, .*Could not access KVM kernel module/)
  assert.equal((await known()).kvm?.outcome, 'broke')

  await standIn.treat({})
  assert.equal((await prove()).accelerator, 'tcg', 'a fresh negative answer is believed')
  assert.equal((await prove({ wanted: 'kvm' })).accelerator, 'kvm', 'who wants KVM is not answered from the cache')
  await expire()
  assert.equal((await prove()).accelerator, 'kvm')
})

test('a KVM that another hypervisor keeps busy is refused with its words, and used once it is free', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ refuse: 'ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy' })
  const busy = await prove()
  assert.equal(busy.accelerator, 'tcg')
  assert.match(busy.why ?? '', /opens, but no guest boots with it: .*Device or resource busy/)
  const refused = await known()
  assert.deepEqual([refused.kvm?.outcome, refused.holds], ['refused', true])
  const [decision = '', time = ''] = proofLines(refused)
  assert.match(decision, /^TCG: QEMU could not use KVM \(.*Device or resource busy\)$/)
  assert.match(time, /^decided at .* a run after .* asks again$/)
  await standIn.treat({})
  await expire()
  assert.equal((await prove()).accelerator, 'kvm')
})

test('a KVM with which QEMU aborts is refused and asked again later; a QEMU that others kill says nothing', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ signal: 'ABRT' })
  assert.match((await prove()).why ?? '', /opens, but no guest boots with it: QEMU ended before the agent greeted \(SIGABRT\)/)
  const aborted = await known()
  assert.deepEqual([aborted.kvm?.outcome, aborted.holds], ['refused', true])
  await expire()
  await standIn.treat({ signal: 'KILL' })
  assert.match((await prove()).why ?? '', /opens, but QEMU was killed twice while it tried/)
  const killed = await known()
  assert.deepEqual([killed.kvm?.outcome, killed.holds], ['unclear', false])
  await standIn.treat({})
  assert.equal((await prove()).accelerator, 'kvm', 'the next run asks again')
})

test('a device that must not be opened is forbidden without a guest, and asked as soon as it opens again', async (t) => {
  const { device, prove, known } = await given(t)
  assert.equal((await prove()).accelerator, 'kvm')
  await rename(device, `${device}.away`)
  // Root may open any file for writing, but no folder.
  await mkdir(device)
  const forbidden = await prove()
  assert.deepEqual([forbidden.accelerator, forbidden.isNew], ['tcg', true])
  assert.match(forbidden.why ?? '', /cannot be opened \(EISDIR\)$/)
  const told = await known()
  assert.equal(told.kvm?.outcome, 'forbidden')
  assert.ok(told.boots.every(({ accelerator }) => accelerator === 'tcg'))
  assert.match(proofLines(told)[0] ?? '', /^TCG: KVM is forbidden \(/)
  await rmdir(device)
  await rename(`${device}.away`, device)
  const again = await prove()
  assert.deepEqual([again.accelerator, again.isNew], ['kvm', true])
})

test('a kernel that boots nowhere says nothing about KVM', async (t) => {
  const { image, cache, prove, known } = await given(t)
  const file = join(cache, 'vmlinux')
  await writeFile(file, 'not a kernel')
  const proven = await prove({}, { ...image, vmlinux: file, bzImage: file })
  assert.equal(proven.accelerator, 'tcg')
  const { kvm, holds } = await known()
  assert.deepEqual([kvm?.outcome, holds], ['unclear', false])
  assert.equal((await prove()).accelerator, 'kvm', 'the next run asks again')
})

test('a device that is absent needs no guest for the answer, and one that appears is asked at once', async (t) => {
  const { device, prove, known } = await given(t)
  const absent = await prove({ device: `${device}-absent` })
  assert.deepEqual([absent.accelerator, absent.why], ['tcg', `there is no ${device}-absent`])
  assert.equal((await known()).holds, false, 'here there is a device')
  assert.equal((await prove()).accelerator, 'kvm')
})

test('who wants TCG gets its time, and nobody asks for KVM', async (t) => {
  const { standIn, prove, known } = await given(t)
  await standIn.treat({ hang: true })
  const proven = await prove({ wanted: 'tcg' })
  assert.deepEqual([proven.accelerator, proven.why, proven.isNew], ['tcg', null, false])
  assert.deepEqual([(await known()).kvm, (await known()).holds], [null, false])
})
