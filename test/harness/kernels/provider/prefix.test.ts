/** A kernel by the beginning of its id: the only one that begins so, never one of several. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedKernel } from '#domain/kernel.ts'
import { kernelByPrefix } from '#harness/kernels/provider/prefix.ts'

function listed(id: string): ListedKernel {
  const [, provider = '', build = ''] = /^(debian|file|tree)-(.+?)(?:-(?:cloud-|rt-)?amd64)?$/.exec(id) ?? []
  const flavour = /(?:cloud-|rt-)?amd64$/.exec(id)?.[0] ?? 'custom'
  const kernel = { id, provider: provider as ListedKernel['provider'], build, flavour, version: build, series: '' }
  return { ...kernel, arch: 'x86_64', state: 'cached', bytes: 1, origin: '' }
}

const KERNELS = [
  'debian-6.1.19-1-cloud-amd64',
  'debian-6.1.192-1-cloud-amd64',
  'debian-6.1.192-2-cloud-amd64',
  'debian-6.1.192-3-amd64',
  'debian-6.1.192-3-cloud-amd64',
  'debian-6.1.192-30-amd64',
  'debian-6.12.43-1~bpo12+1-cloud-amd64',
  'file-6.1.170-3fa900000000',
  'file-6.1.170-3fb100000000',
  'tree-6.1.170-base-0123456789ab',
].map(listed)

test('the beginning of one id names it', () => {
  for (const [text, id] of [
    ['debian-6.1.192-3', 'debian-6.1.192-3-cloud-amd64'],
    ['debian-6.1.192-3-amd64', 'debian-6.1.192-3-amd64'],
    ['debian-6.1.192-30', 'debian-6.1.192-30-amd64'],
    ['debian-6.1.19', 'debian-6.1.19-1-cloud-amd64'],
    ['debian-6.12.43', 'debian-6.12.43-1~bpo12+1-cloud-amd64'],
    ['debian-6.12.43-1', 'debian-6.12.43-1~bpo12+1-cloud-amd64'],
    ['file-6.1.170-3fa', 'file-6.1.170-3fa900000000'],
    ['tree-6.1.170-base-01', 'tree-6.1.170-base-0123456789ab'],
    ['tree-6.1.170', 'tree-6.1.170-base-0123456789ab'],
    // A version is not cut in the middle, and nothing is guessed.
    ['debian-6.12.4', null],
    ['debian-6.1.1', null],
    ['debian-6.1.192-', null],
    ['file-6.1.171', null],
  ] as const) {
    assert.equal(kernelByPrefix(text, KERNELS)?.id ?? null, id, text)
  }
})

test('the beginning of several is an error that names them and what to type', () => {
  assert.throws(() => kernelByPrefix('debian-6.1.192', KERNELS), {
    name: 'UserError',
    message:
      'debian-6.1.192 means 3 kernels: debian-6.1.192-1-cloud-amd64, debian-6.1.192-2-cloud-amd64, debian-6.1.192-3-cloud-amd64',
    hint:
      'name one of them (--kernels debian-6.1.192-3-cloud-amd64), or all: ' +
      '--kernels debian-6.1.192-1-cloud-amd64,debian-6.1.192-2-cloud-amd64,debian-6.1.192-3-cloud-amd64',
  })
  assert.throws(() => kernelByPrefix('file-6.1.170-3f', KERNELS), { message: /means 2 kernels: file-6\.1\.170-3fa/ })
})
