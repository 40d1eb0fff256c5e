/** Names of kernels in a report: the shortest that tells them apart, and never one that hides what a kernel is made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commonTraits, kernelLabels } from '#render/text/format.ts'
import { kernel } from '#test/helpers/reports.ts'
import { CONTROL, CONTROL_KERNEL } from '#test/helpers/races.ts'

const labelsOf = (...kernels: Parameters<typeof kernelLabels>[0]) => [...kernelLabels(kernels).values()]

test('shipped kernels by version, then build, then flavour', () => {
  assert.deepEqual(labelsOf(kernel('6.1.1'), kernel('6.1.2')), ['6.1.1', '6.1.2'])
  assert.deepEqual(labelsOf(kernel('6.1.1', '6.1.1-1'), kernel('6.1.1', '6.1.1-2')), ['6.1.1-1', '6.1.1-2'])
  const flavours = [kernel('6.1.1', '6.1.1-1', 'amd64'), kernel('6.1.1', '6.1.1-1', 'rt-amd64')]
  assert.deepEqual(labelsOf(...flavours), ['6.1.1-1 amd64', '6.1.1-1 rt-amd64'])
})

test('a kernel made from source says of what, and leaves the names of the shipped ones as they are', () => {
  const base = { ...CONTROL_KERNEL, id: CONTROL.base, flavour: 'base' }
  const labels = labelsOf(kernel('5.10.262'), CONTROL_KERNEL, base)
  assert.deepEqual(labels, ['5.10.262', '5.10.262 57efa1fe5957', '5.10.262 base'])
  assert.deepEqual(labelsOf(CONTROL_KERNEL), ['5.10.262 57efa1fe5957'])
  const again = { ...CONTROL_KERNEL, id: 'tree-again', build: 'feedfeedfeed' }
  assert.deepEqual(labelsOf(CONTROL_KERNEL, again), ['5.10.262 57efa1fe5957 0a1b2c3d4e5f', '5.10.262 57efa1fe5957 feedfeedfeed'])
})

test('what kernels have in common does not mind a control among them', () => {
  const kernels = [kernel('5.10.262'), CONTROL_KERNEL]
  assert.equal(commonTraits({ kernels, controls: [CONTROL] }), 'debian cloud-amd64 x86_64')
  assert.equal(commonTraits({ kernels, controls: [] }), 'x86_64')
  assert.equal(commonTraits({ kernels: [CONTROL_KERNEL], controls: [CONTROL] }), 'tree 57efa1fe5957 x86_64')
})
