/** What a host is: its CPU as guests see it, and the share of its CPU time that somebody used. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { featuresOf, loadBetween, measureLoad } from '#harness/boot/qemu/host.ts'

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

test('a CPU is known by what it can do, microcode too, not by its number or its frequency just now', () => {
  const cpu = (number: number, mhz: string, microcode: string, flags: string): string =>
    [
      `processor\t: ${number}`,
      'model name\t: Some CPU',
      `microcode\t: ${microcode}`,
      `cpu MHz\t\t: ${mhz}`,
      `flags\t\t: ${flags}`,
      '\n',
    ].join('\n')
  const own = featuresOf(cpu(0, '2600.000', '0x1', 'fpu sse') + cpu(1, '2600.000', '0x1', 'fpu sse'))
  assert.match(own, /^[0-9a-f]{64}$/)
  assert.equal(featuresOf(cpu(3, '800.000', '0x1', 'fpu sse')), own)
  assert.notEqual(featuresOf(cpu(0, '2600.000', '0x2', 'fpu sse')), own)
  assert.notEqual(featuresOf(cpu(0, '2600.000', '0x1', 'fpu')), own)
})
