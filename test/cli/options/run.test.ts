import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runRequest } from '#cli/options/run.ts'

test('without options it is the default set and every case, and nothing else is asked for', () => {
  assert.deepEqual(runRequest({}), { kernels: ['default'], cases: ['all'], noSnapshot: false })
})

test('--no-fork turns forking off', () => {
  assert.equal(runRequest({ fork: false }).noFork, true)
  assert.equal(runRequest({ fork: true }).noFork, undefined)
})

test('the folder for the report is kept with its whole path', () => {
  assert.equal(runRequest({ out: 'a/b' }).out, join(process.cwd(), 'a', 'b'))
})

test('each option comes into the request under its name there', () => {
  const given = { kernels: ['all'], cases: ['a'], catalogue: '/c', seed: '7', accel: 'tcg', raceSeconds: 2.5 } as const
  assert.deepEqual(runRequest({ ...given, maxMissProbability: 1e-3, snapshot: false }), {
    kernels: ['all'],
    cases: ['a'],
    catalogue: '/c',
    seed: '7',
    accelerator: 'tcg',
    raceSeconds: 2.5,
    maxMissProbability: 1e-3,
    noSnapshot: true,
  })
})

test('interleavings are tried unless somebody asks for chance', () => {
  assert.equal(runRequest({}).races, undefined)
  assert.equal(runRequest({ interleavings: false }).races, 'by chance')
})
