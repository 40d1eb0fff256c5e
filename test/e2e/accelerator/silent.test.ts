/** How the accelerator is decided where KVM opens and no guest speaks: the stand-in for QEMU hangs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { given } from './proofs.ts'

test('KVM that hangs is silent until it is asked again, and broke where it hangs after it worked', async (t) => {
  const { standIn, prove, known, expire } = await given(t)
  await standIn.treat({ hang: true })
  const hung = await prove()
  assert.equal(hung.accelerator, 'tcg')
  assert.match(hung.why ?? '', /opens, but no guest boots with it: the agent did not greet within \d+ s/)
  const { kvm, boots } = await known()
  assert.equal(kvm?.outcome, 'silent')
  // More than one of each where the host is loaded.
  const ends = boots.map(({ accelerator, seconds }) => `${accelerator} ${seconds === null ? 'silent' : 'spoke'}`)
  assert.deepEqual([...new Set(ends)].toSorted(), ['kvm silent', 'tcg spoke'])
  await standIn.treat({})
  assert.deepEqual([(await prove()).accelerator, (await prove()).isNew], ['tcg', false], 'believed for its time')
  await expire()
  assert.equal((await prove()).accelerator, 'kvm')
  await standIn.treat({ hang: true })
  await expire()
  const broken = await prove()
  assert.equal(broken.accelerator, 'tcg')
  assert.match(broken.why ?? '', /it worked at 2.* and does not any more: .* opens, .*did not greet within \d+ s/)
  assert.equal((await known()).kvm?.outcome, 'broke')
})

test('KVM that is slower than TCG is used only when it is asked for', async (t) => {
  const { standIn, notes, prove, known } = await given(t)
  await standIn.treat({ delay: 7 })
  const wanted = await prove({ wanted: 'kvm' })
  assert.equal(wanted.accelerator, 'kvm')
  assert.ok(wanted.bootSeconds > 7)
  assert.equal((await known()).kvm?.outcome, 'late')
  assert.match(notes.join('\n'), /waiting for a guest under KVM to speak, up to 300 s/)
})
