/** How the accelerator is decided, by real guests. A stand-in for QEMU emulates a KVM that works, is late or hangs. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import type { KernelImage } from '#domain/kernel.ts'
import { knownAccelerator, proveAccelerator, type ProofOptions } from '#harness/boot/accelerator/prove.ts'
import { GuestSource } from '#harness/boot/guests.ts'
import { readHost, type Host } from '#harness/boot/qemu/host.ts'
import { buildInitramfs, type Initramfs } from '#harness/image/initramfs.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { acceleratorSchema, type AcceleratorProof } from '#schema/cache/host.ts'
import { readJson } from '#schema/read.ts'
import { fetchKernels } from '#test/helpers/cli.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { createQemuStandIn } from './qemu-stand-in.ts'

const PATH = process.env['PATH']
let image: KernelImage
let initramfs: Initramfs
let host: Host

before(async () => {
  const workspace = findWorkspace()
  const { v61 } = await fetchKernels()
  const [kernel] = await selectKernels([v61], { workspace })
  assert.ok(kernel)
  image = await fetchKernel(kernel, { workspace })
  host = await readHost(workspace.cache)
  initramfs = await buildInitramfs(workspace.cache, inRepository('vm-images', 'guest'))
})
after(() => {
  process.env['PATH'] = PATH
})

async function given(t: TestContext) {
  const cache = await temporaryFolder(t)
  const standIn = await createQemuStandIn(cache, host)
  process.env['PATH'] = standIn.path
  // A file that opens takes the place of the device: the stand-in does not use it.
  const device = join(cache, 'kvm')
  await writeFile(device, '')
  const notes: string[] = []
  const prove = (options: ProofOptions = {}, kernel: KernelImage = image) =>
    proveAccelerator(cache, kernel, initramfs, host, { device, note: (text) => notes.push(text), ...options })
  const known = async () => {
    const found = await knownAccelerator(cache, host, device)
    assert.ok(found)
    return found
  }
  /** Let the time of all answers pass. */
  const expire = async () => {
    const file = join(cache, 'host', 'accelerator.json')
    const proof = readJson(acceleratorSchema, await readFile(file, 'utf8'))
    assert.ok(proof?.kvm)
    const past = new Date(0).toISOString()
    const { kvm, tcg } = proof.bootTimes
    const old = (time: AcceleratorProof['bootTimes']['kvm']) => time && { ...time, validUntil: past }
    await writeFile(
      file,
      JSON.stringify({ ...proof, kvm: { ...proof.kvm, validUntil: past }, bootTimes: { kvm: old(kvm), tcg: old(tcg) } }),
    )
  }
  return { cache, device, standIn, notes, prove, known, expire }
}

test('KVM works when a guest speaks; the answer is believed, and goes when a guest does not boot any more', async (t) => {
  const { cache, standIn, notes, prove, known, expire } = await given(t)
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

test('a host that delays every guest does not make KVM useless', async (t) => {
  const { standIn, prove, known } = await given(t)
  await standIn.treat({ delay: 7 }, { delay: 7 })
  assert.equal((await prove()).accelerator, 'kvm')
  const { kvm, bootTimes } = await known()
  assert.equal(kvm?.outcome, 'late')
  assert.match(kvm?.why ?? '', /spoke only after \d+\.\d s/)
  assert.ok(bootTimes.kvm?.isDoubtful, 'a time measured on such a host is measured again soon')
})

test('a boot time from a loaded moment is measured again, at once and when its time is over', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ refuse: 'no' }, { delay: 10 })
  const loaded = await prove()
  assert.ok(loaded.bootSeconds > 10)
  assert.equal((await known()).bootTimes.tcg?.isDoubtful, true)
  await standIn.treat({ refuse: 'no' })
  assert.equal((await prove()).bootSeconds, loaded.bootSeconds, 'believed for its time')
  await expire()
  assert.ok((await prove()).bootSeconds < loaded.bootSeconds)
  const { kvm } = await known()
  assert.deepEqual([kvm?.outcome, kvm?.confirmations], ['refused', 2])
})

test('KVM that hangs is silent, and one that is slower than TCG is used only when it is asked for', async (t) => {
  const { standIn, notes, prove, known } = await given(t)
  await standIn.treat({ hang: true })
  const hung = await prove()
  assert.equal(hung.accelerator, 'tcg')
  assert.match(hung.why ?? '', /opens, but no guest boots with it: the agent did not greet within \d+ s/)
  const { kvm, boots } = await known()
  assert.equal(kvm?.outcome, 'silent')
  // More than one of each where the host is loaded.
  const ends = boots.map(({ accelerator, seconds }) => `${accelerator} ${seconds === null ? 'silent' : 'spoke'}`)
  assert.deepEqual([...new Set(ends)].toSorted(), ['kvm silent', 'tcg spoke'])
  await standIn.treat({ delay: 12 })
  const wanted = await prove({ wanted: 'kvm' })
  assert.equal(wanted.accelerator, 'kvm')
  assert.ok(wanted.bootSeconds > 12)
  assert.equal((await known()).kvm?.outcome, 'late')
  assert.match(notes.join('\n'), /waiting for a guest under KVM to speak, up to 300 s/)
})

test('a kernel that boots nowhere says nothing about KVM', async (t) => {
  const { cache, prove, known } = await given(t)
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
