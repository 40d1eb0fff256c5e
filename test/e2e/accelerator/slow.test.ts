/** How the accelerator is decided where KVM works and TCG is quicker: the stand-in for QEMU delays guests of KVM. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './proofs.ts'

test('KVM that is slower than TCG is used only when it is asked for', async (t) => {
  const { standIn, notes, prove, known } = await given(t)
  // Slower by so much on a host of any speed.
  await standIn.treat({ delay: 60 })
  const unasked = await prove()
  assert.equal(unasked.accelerator, 'tcg')
  assert.match(unasked.why ?? '', /opens, but no guest boots with it: /)
  await standIn.treat({ delay: 7 })
  const wanted = await prove({ wanted: 'kvm' })
  assert.equal(wanted.accelerator, 'kvm')
  assert.ok(wanted.bootSeconds > 7)
  assert.equal((await known()).kvm?.outcome, 'late')
  assert.match(notes.join('\n'), /waiting for a guest under KVM to speak, up to 300 s/)
})
