/** Facts about the host: its CPU as guests see it, and how busy it is. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { featuresOf, loadBetween, measureLoad, tscKhz } from '#harness/boot/qemu/host.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

/** The text of /proc/stat after these numbers of ticks. */
function stat(user: number, nice: number, system: number, idle: number, iowait: number, irq = 0, softirq = 0, steal = 0): string {
  return `cpu  ${[user, nice, system, idle, iowait, irq, softirq, steal, 5, 5].join(' ')}\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 1 2 3\n`
}

const START = stat(100, 100, 100, 1000, 100, 10, 10, 10)

test('idle CPUs, and CPUs that wait for a disk, are not busy', () => {
  assert.equal(loadBetween(START, stat(100, 100, 100, 1040, 110, 10, 10, 10)), 0)
})

test('every other kind of time is busy, also nice and stolen time', () => {
  for (const kind of [0, 1, 2, 5, 6, 7]) {
    const ticks: [number, number, number, number, number, number, number, number] = [100, 100, 100, 1025, 100, 10, 10, 10]
    ticks[kind] = (ticks[kind] ?? 0) + 25
    assert.equal(loadBetween(START, stat(...ticks)), 0.5, `field ${kind}`)
  }
})

test('the load over no time is 0', () => {
  assert.equal(loadBetween(START, START), 0)
})

test('the load of this host is between 0 and 1', async () => {
  const load = await measureLoad()
  assert.ok(load >= 0 && load <= 1, `${load}`)
})

test('CPU features include the microcode, but not the number or the present frequency of the CPU', () => {
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

test('the rate of the counter is measured once in each boot of the host, and a wrong one does not stay', async (t) => {
  const cache = await temporaryFolder(t)
  let measured = 0
  const rate = (khz: string, bootId: string, cpu = 'a CPU') =>
    tscKhz(cache, cpu, bootId, async () => {
      measured += 1
      return khz
    })
  assert.equal(await rate('2596123', 'one'), 2_596_000)
  assert.equal(await rate('1', 'one'), 2_596_000)
  assert.equal(measured, 1)
  assert.equal(await rate('2597600', 'two'), 2_596_000, 'snapshots of that rate stay usable')
  assert.equal(await rate('3100000', 'three'), 3_100_000)
  assert.equal(await rate('2000000', 'three', 'another CPU'), 2_000_000)
  assert.equal(measured, 4)
  await mkdir(join(cache, 'host'), { recursive: true })
  for (const damaged of [
    '{"cpuModel":"a CPU","bootId":"four","khz":1}',
    '{"cpuModel":"a CPU","khz":9e9}',
    '{"cpuModel":',
    '[]',
  ]) {
    await writeFile(join(cache, 'host', 'tsc.json'), damaged)
    assert.equal(await rate('2596000', 'four'), 2_596_000, damaged)
  }
  await assert.rejects(rate('nonsense', 'five'), { name: 'InfraError', message: /cannot measure the rate/ })
})
