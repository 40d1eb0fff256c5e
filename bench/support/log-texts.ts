/** Texts to read in a benchmark: ordinary logs and test output of so many megabytes. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'

const MEGABYTE = 1e6

const BOOT_LINES = [
  'BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable',
  "x86/fpu: Supporting XSAVE feature 0x001: 'x87 floating point registers'",
  'pci 0000:00:01.0: reg 0x10: [mem 0xfe000000-0xfe000fff 64bit]',
  'NET: Registered PF_INET6 protocol family',
  'Freeing unused kernel image (initmem) memory: 2796K',
  'systemd[1]: Started systemd-journald.service - Journal Service.',
]

/** A boot log as a serial port gives it. */
export function bootLog(megabytes: number): Uint8Array {
  const stamped = BOOT_LINES.map((line, index) => `[   12.${String(345000 + index)}] ${line}\r\n`).join('')
  return Buffer.from(stamped.repeat((megabytes * MEGABYTE) / stamped.length))
}

/** The golden logs end to end: nothing but reports. */
export function reportsOnly(megabytes: number): Uint8Array {
  const folder = inRepository('test', 'golden', 'console')
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .toSorted()
  const logs = files.map((file) => readFileSync(join(folder, file)))
  const whole = Buffer.concat(logs)
  return Buffer.concat(Array<Buffer>(Math.ceil((megabytes * MEGABYTE) / whole.length)).fill(whole))
}

/** Test output with so many diagnostic lines before each result. */
export function testOutput(megabytes: number, diagnostics: number): Uint8Array {
  const notes = '# [INFO] mapping 2048 KiB at 0x7f0000000000, then registered\n'.repeat(diagnostics)
  const block = (number: number) => `${notes}ok ${number} userfaultfd copy ${number} sees the change\n`
  const count = Math.floor((megabytes * MEGABYTE) / block(100_000).length)
  return Buffer.from(`KTAP version 1\n1..${count}\n${Array.from({ length: count }, (_, index) => block(index + 1)).join('')}`)
}

/** Results of nothing but a number: the shortest lines that each say something. */
export function shortResults(megabytes: number): Uint8Array {
  const results = Array.from({ length: megabytes * 120_000 }, (_, index) => `ok ${index + 1}\n`)
  return Buffer.from(`KTAP version 1\n1..${results.length}\n${results.join('')}`)
}

/** Messages of the kernel of two letters. */
export function shortLines(megabytes: number): Uint8Array {
  return Buffer.from('[    1.234567] a: b\n'.repeat((megabytes * MEGABYTE) / 20))
}

/** Output of tests that speak no KTAP. */
export function looseOutput(megabytes: number): Uint8Array {
  const block = '[RUN] mremap of a region of 64 KiB\nexpected 0, got 0 at 0x7f0000000000\n[PASS] mremap moved what was there\n'
  return Buffer.from(block.repeat((megabytes * MEGABYTE) / block.length))
}

/** A log of a loader or a program: no stamps, long lines. */
export function plainLog(megabytes: number): Uint8Array {
  const lines = BOOT_LINES.map((line) => `${line}; ${line}\n`).join('')
  return Buffer.from(lines.repeat((megabytes * MEGABYTE) / lines.length))
}
