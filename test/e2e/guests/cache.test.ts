/** A cache that two runs share, or that is full. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import {
  fetchKernels,
  mayMount,
  newPlace,
  readReport,
  runCli,
  runReport,
  verdictsOf,
  type Ended,
  type Kernels,
} from '#test/helpers/cli.ts'
import { request } from './request.ts'

let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})

test('one cache serves two runs at once, from the first boot on', async (t) => {
  const shared = await newPlace('guests and host')
  t.after(shared.remove)
  const places = ['one', 'two'].map((name) => join(shared.folder, name)).map((state) => ({ ...shared, state, out: state }))
  const runs = await Promise.all(places.map((own) => runReport(own, request(kernels.v510, kernels.v61))))
  for (const { code, report, stderr } of runs) {
    assert.equal(code, 0, stderr)
    assert.deepEqual(Object.values(verdictsOf(report)), ['lacks', 'carries'], stderr)
  }
})

describe('when it is full', { skip: !mayMount() && 'this user may not mount a small file system' }, () => {
  /** A run whose cache has so much room left, in a mount of its own that goes with it. What is downloaded is not in it. */
  async function runWithRoom(size: string): Promise<Ended & { readonly cache: string }> {
    const there = await newPlace('guests')
    const small = join(there.folder, 'small')
    await mkdir(small)
    const fill = `cp -d ${there.cache}/* ${small}/ && rm ${small}/programs ${small}/initramfs`
    const script = `mount -t tmpfs -o size=${size} tmpfs ${small} && ${fill} && exec "$@"`
    const words = ['run', ...request(kernels.v510), '--json', '--out', there.out]
    try {
      const ended = await runCli({ ...there, cache: small }, words, ['unshare', '--mount', 'sh', '-c', script, 'sh'])
      return { ...ended, cache: small }
    } finally {
      await there.remove()
    }
  }

  const HINT = /\n {2}free some space or set KWITNESS_CACHE/

  test('a full cache ends the run with what cannot be written and what to do', async () => {
    const { code, stderr, cache } = await runWithRoom('100k')
    assert.match(stderr, new RegExp(`^kwitness: cannot write ${cache}/\\S+: the disk is full$`, 'm'))
    assert.match(stderr, HINT)
    assert.equal(code, 3)
  })

  test('a cache that is full before the first attempt ends it too', async () => {
    const { code, stderr, cache } = await runWithRoom('3m')
    assert.match(stderr, new RegExp(`^kwitness: cannot write ${cache}/\\S+: ENOSPC$`, 'm'))
    assert.match(stderr, HINT)
    assert.equal(code, 3)
  })

  test('a cache without room for guests is told, and each attempt gets a booted one', async () => {
    const ended = await runWithRoom('40m')
    assert.match(ended.stderr, /this host cannot save guests \(the cache .* has no room .*\): booting one for each attempt/)
    const [cell] = readReport(ended).cells
    assert.deepEqual([cell?.verdict, cell?.attempts[0]?.origin, ended.code], ['lacks', 'booted', 0], ended.stderr)
  })
})
