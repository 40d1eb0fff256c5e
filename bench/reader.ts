/**
 * How fast logs are read, and with what memory, beside the floor of only splitting the same bytes into lines and beside `grep -c`
 * of the same bytes, all in one run. Seconds are those of processor time, so that a busy machine does not speak for us.
 * Budget of ordinary text: console 40 MB/s, KTAP 20 MB/s and 8 bytes of memory for each byte. Of any text: a quarter of
 * that speed.
 * `node --expose-gc bench/reader.ts [--old FOLDER]`: FOLDER is another build of kwitness to measure in the same run.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { inRepository } from '#harness/support/repository.ts'
import { readAnyTests, readTests } from '#console/ktap/reader.ts'
import { hostileLogs } from '#test/console/hostile.ts'
import { createConsoleReader, readConsole } from '#console/splat/reader.ts'

const MEGABYTE = 1e6
const ROUNDS = 5
/** Size of each hostile text: there are thousands. */
const HOSTILE_BYTES = 50_000

type Read = (bytes: Uint8Array) => unknown

const { old: oldFolder } = parseArgs({ options: { old: { type: 'string' } } }).values
const scratch = mkdtempSync(join(tmpdir(), 'kwitness-reader-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** The readers of another build, or null. */
async function readersOf(folder: string | undefined) {
  if (folder === undefined) return null
  const inOld = (path: string) => import(resolve(folder, 'src/console', path))
  const [splat, ktap, loose] = await Promise.all(['splat', 'ktap', 'loose'].map((name) => inOld(`${name}.ts`)))
  return { console: splat.readConsole as Read, ktap: ktap.readTests as Read, loose: loose.readAnyTests as Read }
}

const READERS = { console: readConsole as Read, ktap: readTests as Read, loose: readAnyTests as Read }
const OLD = await readersOf(oldFolder)

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
  const own = speed(bytes, read, rounds)
  const parts = [
    `${figure(bytes.length / MEGABYTE)} MB`,
    `${figure(own)} MB/s`,
    ...(globalThis.gc ? [`${figure(memory(bytes, read), 1)} B/B`] : []),
    ...(OLD ? [`old ${figure(speed(bytes, OLD[kind], Math.min(2, rounds)), 1)} MB/s`] : []),
    ...(OLD && globalThis.gc ? [`${figure(memory(bytes, OLD[kind]), 1)} B/B`] : []),
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
  const once = Buffer.concat(logs)
  return Buffer.concat(Array<Buffer>(Math.ceil((megabytes * MEGABYTE) / once.length)).fill(once))
}

/** Test output with so many diagnostic lines before each result. */
function testOutput(megabytes: number, diagnostics: number): Uint8Array {
  const notes = '# [INFO] mapping 2048 KiB at 0x7f0000000000, then registered\n'.repeat(diagnostics)
  const block = (number: number) => `${notes}ok ${number} userfaultfd copy ${number} sees the change\n`
  const count = Math.floor((megabytes * MEGABYTE) / block(100_000).length)
  return Buffer.from(`KTAP version 1\n1..${count}\n${Array.from({ length: count }, (_, index) => block(index + 1)).join('')}`)
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

/** Lines made to be slow: the same line again, of 4 KB and of a few bytes. */
for (const kind of ['console', 'ktap', 'loose'] as const) {
  let worst = Infinity
  let name = ''
  for (const [what, bytes] of hostileLogs(HOSTILE_BYTES)) {
    const own = speed(bytes, READERS[kind], 3)
    if (own < worst) [worst, name] = [own, what]
  }
  const ordinary = kind === 'console' ? ordinaryConsole : ordinaryTests
  console.log(
    `${kind}: the slowest hostile text is ${name}: ${figure(worst, 1)} MB/s, ${(worst / ordinary).toFixed(2)} of ordinary text`,
  )
}

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
