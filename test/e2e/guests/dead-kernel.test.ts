/** Kernels that do not boot, beside one that does. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fetchKernels, newPlace, runCli, runReport, verdictsOf, type Kernels, type Place } from '#test/helpers/cli.ts'
import { request, storeIn } from './request.ts'

const place = await newPlace('guests')
let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})
after(() => place.remove())

const at = (name: string): Place => storeIn(place, name)

/** The vmlinux of a cached kernel, with what it loads replaced, and its banner behind it. */
async function deadKernel(name: string, change: (elf: Buffer) => Buffer): Promise<string> {
  const { stdout } = await runCli(place, ['kernels', 'pull', kernels.v61])
  const elf = await readFile(stdout.trim().split(/\s+/).at(-1) ?? '')
  const banner = /Linux version [\x20-\x7e]{0,200}/.exec(elf.toString('latin1'))?.[0] ?? ''
  const path = join(place.folder, name)
  await writeFile(path, Buffer.concat([change(elf), Buffer.from(`\0${banner}\0`)]))
  return `file:${path}`
}

/** Every loaded segment filled with these bytes; the notes, with the PVH entry, stay. */
const filledWith =
  (bytes: string) =>
  (elf: Buffer): Buffer => {
    const copy = Buffer.from(elf)
    const [table, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
    const LOAD = 1
    for (let entry = table; entry < table + size * count; entry += size) {
      if (elf.readUInt32LE(entry) !== LOAD) continue
      const [offset, length] = [Number(elf.readBigUInt64LE(entry + 8)), Number(elf.readBigUInt64LE(entry + 32))]
      copy.fill(bytes, offset, offset + length, 'latin1')
    }
    return copy
  }

test('a kernel that does not boot leaves its cells missing, says why, and lets the others go on', async () => {
  const dead = await deadKernel('dead', filledWith('\x0f\x0b'))
  const halted = await deadKernel('halted', filledWith('\xf4'))
  const { code, report, stderr } = await runReport(at('dead-state'), request(kernels.v510, dead, halted))
  assert.equal(code, 3, stderr)
  const verdicts = Object.entries(verdictsOf(report)).map(([cell, verdict]) => [cell.replace(/-[0-9a-f]{12}\/.*/, ''), verdict])
  assert.deepEqual(verdicts.map(([, verdict]) => verdict).toSorted(), ['lacks', 'no-result', 'no-result'], stderr)
  const [boots, ...more] = report.cells.filter(({ verdict }) => verdict !== 'no-result')
  assert.deepEqual([boots?.kernel, more.length], [kernels.v510, 0])
  for (const cell of report.cells.filter(({ verdict }) => verdict === 'no-result')) {
    assert.equal(cell.attempts.length, 3, 'it is tried again before it is believed')
    for (const { outcome, reasons } of cell.attempts) {
      assert.ok(outcome === 'no-boot' || outcome === 'infra', outcome)
      assert.ok((reasons[0]?.text.length ?? 0) > 10, 'it says why')
    }
  }
})
