/** What a guest is given to boot, on a host that is loaded for a while: the stand-in for QEMU delays guests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './proofs.ts'

test('a boot time from a loaded moment is measured again, at once and when its time is over', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ refuse: 'no' }, { delay: 6 })
  const loaded = await prove()
  assert.ok(loaded.bootSeconds > 6)
  assert.equal((await known()).bootTimes.tcg?.isDoubtful, true)
  await standIn.treat({ refuse: 'no' })
  assert.equal((await prove()).bootSeconds, loaded.bootSeconds, 'believed for its time')
  await expire()
  assert.ok((await prove()).bootSeconds < loaded.bootSeconds)
  const { kvm } = await known()
  assert.deepEqual([kvm?.outcome, kvm?.confirmations], ['refused', 2])
})
