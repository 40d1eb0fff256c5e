/**
 * How fast logs are read, and with what memory, beside the floor of only splitting the same bytes into lines and beside `grep -c`
 * of the same bytes, all in one run. Seconds are those of processor time, so that a busy machine does not speak for us.
 * Budget of ordinary text: console 40 MB/s, KTAP 20 MB/s and 8 bytes of memory for each byte. Of any text: a quarter of
 * those speeds, 10 and 5 MB/s. `kwitness read` of 1 GB: 200 MB.
 * `node --expose-gc bench/reader.ts [--old FOLDER] [--seed N] [--seconds N]`: FOLDER is another build of kwitness to measure
 * in the same run; the search for the slowest text takes so many seconds for each reader.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { inRepository } from '#harness/support/repository.ts'
import { readAnyTests, readTests } from '#console/ktap/reader.ts'
import { searchSlowest } from '#test/console/hostile/search.ts'
import { nameOf, render } from '#test/console/hostile/shapes.ts'
import { createLogReader } from '#console/log/reader.ts'
import { createConsoleReader, readConsole } from '#console/splat/reader.ts'

const MEGABYTE = 1e6
const ROUNDS = 5
/** Size of each hostile text of the search: there are thousands. */
const SEARCHED_BYTES = 8000
/** Size of those that the search found, measured again. */
const FOUND_BYTES = MEGABYTE
const MAX_FOUND = 6

type Read = (bytes: Uint8Array) => unknown

const { values } = parseArgs({
  options: {
    old: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
  },
})
const scratch = mkdtempSync(join(tmpdir(), 'kwitness-reader-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** The readers of another build, or null. */
async function readersOf(folder: string | undefined) {
  if (folder === undefined) return null
  const inOld = (path: string) => import(resolve(folder, 'src/console', path))
  const [splat, ktap, loose] = await Promise.all(['splat', 'ktap', 'loose'].map((name) => inOld(`${name}.ts`)))
  return { console: splat.readConsole as Read, ktap: ktap.readTests as Read, loose: loose.readAnyTests as Read, log: null }
}

/** What `kwitness read` does: all readers at once. */
function readLog(bytes: Uint8Array): unknown {
  const reader = createLogReader()
  reader.push(bytes)
  return reader.finish()
}

const READERS = { console: readConsole as Read, ktap: readTests as Read, loose: readAnyTests as Read, log: readLog as Read }
const OLD = await readersOf(values.old)

/** Nothing but decoding and splitting into lines. */
function splitOnly(bytes: Uint8Array): number {
  return new TextDecoder().decode(bytes).split('\n').length
}

/** The best of some rounds, in MB for each second of processor time. */
function speed(bytes: Uint8Array, read: Read, rounds = ROUNDS): number {
  let best = 0
  for (let round = 0; round < rounds; round += 1) {
    const start = process.threadCpuUsage()
    read(bytes)
    const { user, system } = process.threadCpuUsage(start)
    best = Math.max(best, bytes.length / (user + system))
  }
  return best
}

/** `grep -c` of the same bytes for a word that is not there, in MB for each second of its processor time. */
function grepSpeed(bytes: Uint8Array): number {
  const file = join(scratch, 'log')
  writeFileSync(file, bytes)
  let best = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const text = spawnSync('bash', ['-c', 'TIMEFORMAT=%U+%S; time grep -c "Kernel panic" "$1"', 'grep', file]).stderr.toString()
    const seconds = text.trim().split('+').map(Number)
    best = Math.max(best, bytes.length / MEGABYTE / Math.max(0.001, seconds[0]! + seconds[1]!))
  }
  return best
}

/** Bytes of memory for each byte read, held by what was read. */
function memory(bytes: Uint8Array, read: Read): number {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const held = read(bytes)
  globalThis.gc?.()
  const after = process.memoryUsage().heapUsed
  return held === undefined ? 0 : (after - before) / bytes.length
}

const figure = (value: number, digits = 0) => value.toFixed(digits).padStart(5)

function report(what: string, kind: keyof typeof READERS, bytes: Uint8Array, rounds = ROUNDS): number {
  const read = READERS[kind]
  const old = OLD?.[kind]
  const own = speed(bytes, read, rounds)
  const parts = [
    `${figure(bytes.length / MEGABYTE)} MB`,
    `${figure(own)} MB/s`,
    ...(globalThis.gc ? [`${figure(memory(bytes, read), 1)} B/B`] : []),
    ...(old ? [`old ${figure(speed(bytes, old, Math.min(2, rounds)), 1)} MB/s`] : []),
    ...(old && globalThis.gc ? [`${figure(memory(bytes, old), 1)} B/B`] : []),
    `floor ${figure(speed(bytes, splitOnly))} MB/s`,
    `grep -c ${figure(grepSpeed(bytes))} MB/s`,
  ]
  console.log(`${what.padEnd(38)} ${parts.join('  ')}`)
  return own
}

const BOOT_LINES = [
  'BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable',
  "x86/fpu: Supporting XSAVE feature 0x001: 'x87 floating point registers'",
  'pci 0000:00:01.0: reg 0x10: [mem 0xfe000000-0xfe000fff 64bit]',
  'NET: Registered PF_INET6 protocol family',
  'Freeing unused kernel image (initmem) memory: 2796K',
  'systemd[1]: Started systemd-journald.service - Journal Service.',
]

/** A boot log as a serial port gives it. */
function bootLog(megabytes: number): Uint8Array {
  const stamped = BOOT_LINES.map((line, index) => `[   12.${String(345000 + index)}] ${line}\r\n`).join('')
  return Buffer.from(stamped.repeat((megabytes * MEGABYTE) / stamped.length))
}

/** The golden logs end to end: nothing but reports. */
function reportsOnly(megabytes: number): Uint8Array {
  const folder = inRepository('test', 'golden', 'console')
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .toSorted()
  const logs = files.map((file) => readFileSync(join(folder, file)))
  const whole = Buffer.concat(logs)
  return Buffer.concat(Array<Buffer>(Math.ceil((megabytes * MEGABYTE) / whole.length)).fill(whole))
}

/** Test output with so many diagnostic lines before each result. */
function testOutput(megabytes: number, diagnostics: number): Uint8Array {
  const notes = '# [INFO] mapping 2048 KiB at 0x7f0000000000, then registered\n'.repeat(diagnostics)
  const block = (number: number) => `${notes}ok ${number} userfaultfd copy ${number} sees the change\n`
  const count = Math.floor((megabytes * MEGABYTE) / block(100_000).length)
  return Buffer.from(`KTAP version 1\n1..${count}\n${Array.from({ length: count }, (_, index) => block(index + 1)).join('')}`)
}

/** Output of tests that speak no KTAP. */
function looseOutput(megabytes: number): Uint8Array {
  const block = '[RUN] mremap of a region of 64 KiB\nexpected 0, got 0 at 0x7f0000000000\n[PASS] mremap moved what was there\n'
  return Buffer.from(block.repeat((megabytes * MEGABYTE) / block.length))
}

/** A log of a loader or a program: no stamps, long lines. */
function plainLog(megabytes: number): Uint8Array {
  const lines = BOOT_LINES.map((line) => `${line}; ${line}\n`).join('')
  return Buffer.from(lines.repeat((megabytes * MEGABYTE) / lines.length))
}

const ordinaryConsole = Math.min(
  report('console: boot log', 'console', bootLog(32)),
  report('console: no stamps', 'console', plainLog(32)),
)
report('console: nothing but reports', 'console', reportsOnly(16))
const ordinaryTests = Math.min(
  report('KTAP: 10 diagnostics a result', 'ktap', testOutput(16, 10)),
  report('KTAP: 1 diagnostic a result', 'ktap', testOutput(16, 1)),
  report('KTAP: results only', 'ktap', testOutput(8, 0)),
)
const ordinaryLoose = report('loose: marks and words', 'loose', looseOutput(16))
const ordinaryLog = Math.min(
  report('kwitness read: boot log', 'log', bootLog(32)),
  report('kwitness read: 1 diagnostic a result', 'log', testOutput(16, 1)),
)

/** MB for each second of processor time, of as many rounds as take `ms`: the clock counts in steps of some milliseconds. */
function steadySpeed(bytes: Uint8Array, read: Read, ms: number): number {
  const start = process.threadCpuUsage()
  for (let rounds = 1; ; rounds += 1) {
    read(bytes)
    const { user, system } = process.threadCpuUsage(start)
    if (user + system >= ms * 1000) return (rounds * bytes.length) / (user + system)
  }
}

/** The same at a glance, by the clock on the wall: the better of two rounds. */
function glance(bytes: Uint8Array, read: Read): number {
  let best = 0
  for (let round = 0; round < 2; round += 1) {
    const start = performance.now()
    read(bytes)
    best = Math.max(best, bytes.length / 1000 / (performance.now() - start))
  }
  return best
}

const ORDINARY = { console: ordinaryConsole, ktap: ordinaryTests, loose: ordinaryLoose, log: ordinaryLog }
const BUDGET = { console: 10, ktap: 5, loose: 5, log: 5 }

/** Search for what one reader reads slowest, and measure the slowest again in texts of a megabyte. */
function reportSlowest(kind: keyof typeof READERS): void {
  const read = READERS[kind]
  const begin = process.threadCpuUsage()
  const elapsed = () => {
    const { user, system } = process.threadCpuUsage(begin)
    return (user + system) / 1e6 / Number(values.seconds)
  }
  const { found, measured } = searchSlowest({
    glance: (bytes) => glance(bytes, read),
    measure: (bytes) => steadySpeed(bytes, read, 10),
    seed: Number(values.seed),
    elapsed,
    size: SEARCHED_BYTES,
  })
  const again = found.slice(0, MAX_FOUND).map(({ shape }) => {
    const bytes = render(shape, FOUND_BYTES)
    read(bytes)
    // The best of some rounds, as for ordinary text.
    return { shape, bytes, own: Math.max(...Array.from({ length: ROUNDS }, () => steadySpeed(bytes, read, 50))) }
  })
  const worst = again.toSorted((a, b) => a.own - b.own)[0]!
  const old = OLD?.[kind]
  const figures = [
    `${worst.own.toFixed(1)} MB/s`,
    `budget ${BUDGET[kind]}`,
    `${(worst.own / ORDINARY[kind]).toFixed(2)} of ordinary text`,
    ...(old ? [`old ${speed(worst.bytes, old, 1).toFixed(2)} MB/s`] : []),
  ]
  console.log(`${kind}: the slowest of ${measured} hostile texts: ${figures.join(', ')}: ${nameOf(worst.shape)}`)
}

for (const kind of Object.keys(READERS) as (keyof typeof READERS)[]) reportSlowest(kind)

/** A flood through the incremental reader: what is held must not grow with what has passed. */
function floodMemory(megabytes: number): number {
  const chunk = reportsOnly(1)
  const reader = createConsoleReader()
  for (let passed = 0; passed < megabytes; passed += chunk.length / MEGABYTE) reader.push(chunk)
  globalThis.gc?.()
  const { heapUsed } = process.memoryUsage()
  reader.finish()
  return heapUsed / MEGABYTE
}

const small = floodMemory(16)
const large = floodMemory(256)
console.log(`console, incremental: heap ${small.toFixed(0)} MB after 16 MB of reports, ${large.toFixed(0)} MB after 256 MB`)

/** Peak memory of `kwitness read -` in MB, given so many megabytes, and how it ended. */
async function commandMemory(megabytes: number): Promise<string> {
  const chunks = [bootLog(1), testOutput(1, 1), reportsOnly(1)]
  const child = spawn(inRepository('kwitness'), ['read', '--json', '-'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const exited = once(child, 'exit')
  let peak = 0
  const look = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1000)
  }
  const timer = setInterval(look, 20)
  child.once('exit', () => clearInterval(timer))
  for (let passed = 0; passed < megabytes; passed += 1) {
    if (!child.stdin.write(chunks[passed % chunks.length])) await once(child.stdin, 'drain')
  }
  child.stdin.end()
  const [code] = await exited
  return `${peak.toFixed(0)} MB, exit ${code}`
}

console.log(
  `kwitness read, from standard input: at most ${await commandMemory(16)} of 16 MB, ${await commandMemory(1000)} of 1 GB`,
)
