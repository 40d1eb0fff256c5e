/** The load of a host: the share of its CPU time that somebody used. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadBetween, measureLoad } from '../../harness/host.ts'

/** /proc/stat after so many ticks of each kind. */
function stat(user: number, nice: number, system: number, idle: number, iowait: number, irq = 0, softirq = 0, steal = 0): string {
  return `cpu  ${[user, nice, system, idle, iowait, irq, softirq, steal, 5, 5].join(' ')}\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 1 2 3\n`
}

const START = stat(100, 100, 100, 1000, 100, 10, 10, 10)

test('idle CPUs, and those that wait for a disk, are used by nobody', () => {
  assert.equal(loadBetween(START, stat(100, 100, 100, 1040, 110, 10, 10, 10)), 0)
})

test('every other kind of time is used, nice and stolen time too', () => {
  for (const kind of [0, 1, 2, 5, 6, 7]) {
    const ticks: [number, number, number, number, number, number, number, number] = [100, 100, 100, 1025, 100, 10, 10, 10]
    ticks[kind] = (ticks[kind] ?? 0) + 25
    assert.equal(loadBetween(START, stat(...ticks)), 0.5, `field ${kind}`)
  }
})

test('no time is no load', () => {
  assert.equal(loadBetween(START, START), 0)
})

test('this host has a load between none and all', async () => {
  const load = await measureLoad()
  assert.ok(load >= 0 && load <= 1, `${load}`)
})
