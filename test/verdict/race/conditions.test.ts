/** What an attempt was made under: the load told in a word, and what has changed since told in words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conditionsOf, expiry, hostLoad } from '#verdict/race/conditions.ts'
import { LOADED, PROGRAM, QUIET, sampleEvidence } from '#test/helpers/judging.ts'

/** Load, CPUs of the host, CPUs of the guest. */
const LOADS: readonly [number, number, number, string][] = [
  [0, 2, 2, 'quiet'],
  [0.25, 2, 2, 'quiet'],
  [0.26, 2, 2, 'loaded'],
  [1, 2, 2, 'loaded'],
  // One vCPU finds its CPU free on a host that is half busy; so do two on a large host.
  [0.5, 2, 1, 'quiet'],
  [0.9, 64, 2, 'quiet'],
  [0.99, 64, 2, 'loaded'],
  // More vCPUs than CPUs are never all free: what there is must be.
  [0, 2, 4, 'quiet'],
  [0.5, 2, 4, 'loaded'],
]

for (const [load, cpus, wanted, word] of LOADS) {
  test(`a load of ${load} on ${cpus} CPUs is ${word} for ${wanted}`, () => assert.equal(hostLoad(load, cpus, wanted), word))
}

test('conditions are read from evidence; without a load there are none', () => {
  const { host } = sampleEvidence()
  assert.deepEqual(conditionsOf(sampleEvidence({ host: { ...host, load: 0.01 } })), {
    host: '6.1.0, 2 x a CPU',
    qemu: '7.2.19',
    load: 'quiet',
  })
  assert.equal(conditionsOf(sampleEvidence()), null)
  const guest = { ...sampleEvidence().guest, raisedPriority: true }
  assert.equal(conditionsOf(sampleEvidence({ guest, host: { ...host, load: 1 } }))?.load, 'quiet', 'it went before all others')
  const { load: _load, ...older } = host
  assert.equal(conditionsOf(sampleEvidence({ host: older as typeof host })), null, 'evidence from before the load was measured')
})

test('a rate counts while nothing has changed, and every change is told', () => {
  const here = { program: PROGRAM, conditions: QUIET }
  assert.deepEqual(expiry(here, here), [])
  const then = { program: 'cd', conditions: { ...LOADED, qemu: '9.0.1', host: 'b host' } }
  assert.deepEqual(expiry(then, here), [
    'with another build of the reproducer',
    'under QEMU 9.0.1, this is 7.2.19',
    'on another host (b host), this is a host',
    'while the host was loaded, here it was quiet',
  ])
})
