/** How the accelerator is decided on a host where every guest is late: the stand-in for QEMU delays them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './proofs.ts'

test('a host that starts every QEMU 8 s late does not make KVM useless', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ delay: 8 }, { delay: 8 })
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
