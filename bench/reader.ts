/**
 * How fast logs are read, beside the floor of only splitting the same bytes into lines in the same run.
 * Budget: 20 MB/s each, memory bounded. Seconds are those of this thread's processor time, so that a busy machine does not
 * speak for us. `node --expose-gc bench/reader.ts`
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { readTests } from '#console/ktap/reader.ts'
import { createConsoleReader, readConsole } from '#console/splat/reader.ts'

const MEGABYTE = 1e6
const ROUNDS = 5

/** Nothing but decoding and splitting into lines. */
function splitOnly(bytes: Uint8Array): number {
  return new TextDecoder().decode(bytes).split('\n').length
}

/** The best of some rounds, in MB for each second of processor time. */
function speed(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown): number {
  let best = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.threadCpuUsage()
    read(bytes)
    const { user, system } = process.threadCpuUsage(start)
    best = Math.max(best, bytes.length / (user + system))
  }
  return best
}

function report(what: string, bytes: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  const figure = (value: number) => value.toFixed(0).padStart(5)
  const size = figure(bytes.length / MEGABYTE)
  const floor = figure(speed(bytes, splitOnly))
  console.log(`${what.padEnd(42)} ${size} MB ${figure(speed(bytes, read))} MB/s, floor ${floor} MB/s`)
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

report('console: boot log', bootLog(32), readConsole)
report('console: nothing but reports', reportsOnly(16), readConsole)
report('KTAP: 10 diagnostics a result', testOutput(16, 10), readTests)
report('KTAP: 1 diagnostic a result', testOutput(16, 1), readTests)
report('KTAP: results only (tap-parser is the most)', testOutput(8, 0), readTests)

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
