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
