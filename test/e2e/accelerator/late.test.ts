/** How the accelerator is decided on a host that is loaded for a while: the stand-in for QEMU delays guests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './proofs.ts'

test('a host that starts every QEMU 20 s late does not make KVM useless', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ delay: 20 }, { delay: 20 })
  assert.equal((await prove()).accelerator, 'kvm')
  const { kvm, bootTimes } = await known()
  assert.equal(kvm?.outcome, 'late')
  assert.match(kvm?.why ?? '', /spoke only after \d+\.\d s/)
  assert.ok(bootTimes.kvm?.isDoubtful, 'a time measured on such a host is measured again soon')
  await standIn.treat({})
  assert.equal((await prove()).isNew, false, 'believed for its time')
  await expire()
  const again = await prove()
  assert.deepEqual([again.isNew, again.accelerator], [true, 'kvm'])
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
