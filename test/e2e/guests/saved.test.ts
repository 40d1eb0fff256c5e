/** Saved guests that are used again, packed, damaged, or do not load. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { compressRam } from '#harness/boot/snapshot/compress.ts'
import { writeManifest, findSnapshot } from '#harness/boot/snapshot/snapshot.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernels, kernelWords, newPlace, runReport, verdictsOf, type Kernels, type Place } from '#test/helpers/cli.ts'
import { request, storeIn } from './request.ts'

/** Cases that mistreat their guest. */
const HOSTILE = inRepository('test', 'e2e', 'hostile')
/** Things that the case `random` says were drawn. */
const DRAWN = 5

const place = await newPlace('guests')
let kernels: Kernels

after(() => place.remove())

const at = (name: string): Place => storeIn(place, name)

const guests = join(place.cache, 'guests')
/** The folders of saved guests; after a run of one kernel and one case there is one. */
const saved = (): string[] => readdirSync(guests).map((name) => join(guests, name))

async function answers(): Promise<{ readonly origin: string | undefined; readonly stderr: string }> {
  const { code, report, stderr } = await runReport(at('saved'), request(kernels.v510))
  assert.equal(code, 0, stderr)
  assert.deepEqual(Object.values(verdictsOf(report)), ['lacks'], stderr)
  return { origin: report.cells[0]?.attempts.at(-1)?.origin, stderr }
}

before(async () => {
  kernels = await fetchKernels()
  await answers()
  assert.equal(saved().length, 1)
})

test('a saved guest is used again', async () => {
  const { origin, stderr } = await answers()
  assert.equal(origin, 'restored')
  assert.doesNotMatch(stderr, /booted in/)
})

test('a saved guest that was packed, for want of room, is unpacked and used again', async () => {
  const [guest = ''] = saved()
  await compressRam(guest)
  assert.deepEqual((await readdir(guest)).toSorted(), ['boot.log', 'guest.json', 'ram.zst', 'state'])
  const { origin, stderr } = await answers()
  assert.equal(origin, 'restored')
  assert.doesNotMatch(stderr, /booted in/)
})

test('a guest in which an attempt gave no answer is not trusted again: the next one is booted anew', async () => {
  const [guest = ''] = saved()
  const old = await stat(join(guest, 'state'))
  const words = [...kernelWords(kernels.v510), '--catalogue', HOSTILE, '--cases', 'panic']
  const { report } = await runReport(at('hurt'), words)
  assert.deepEqual(
    report.cells[0]?.attempts.map(({ outcome, origin }) => [outcome, origin]),
    [
      ['unrelated-crash', 'restored'],
      ['unrelated-crash', 'restored'],
    ],
  )
  assert.deepEqual(saved(), [], 'none is kept after the last')
  await answers()
  assert.notEqual((await stat(join(guest, 'state'))).ino, old.ino)
})

const flip = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  const { size } = await file.stat()
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, size >> 1)
  await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, size >> 1)
  await file.close()
}

const DAMAGE: Readonly<Record<string, (guest: string) => Promise<unknown>>> = {
  'whose state is cut short': (guest) => truncate(join(guest, 'state'), 1000),
  'whose state has one bit changed': (guest) => flip(join(guest, 'state')),
  'whose RAM is gone': (guest) => rm(join(guest, 'ram')),
  'whose RAM is cut short': (guest) => truncate(join(guest, 'ram'), 1 << 20),
  'whose RAM has one bit changed': (guest) => flip(join(guest, 'ram')),
  'whose description is cut short': (guest) => truncate(join(guest, 'guest.json'), 40),
  'whose description is something else': (guest) => writeFile(join(guest, 'guest.json'), '[]'),
  'whose description is gone': (guest) => rm(join(guest, 'guest.json')),
  'whose boot log is cut short': (guest) => truncate(join(guest, 'boot.log'), 1000),
  'whose boot log is gone': (guest) => rm(join(guest, 'boot.log')),
}
/** A copy of the saved guest as it stands, in a cache of its own: to damage one costs no boot. */
async function copyOf(guest: string): Promise<string> {
  const cache = await mkdtemp(join(place.folder, 'copy-'))
  const copy = join(cache, 'guests', basename(guest))
  await mkdir(join(copy, '..'))
  await runCommand('cp', ['--archive', '--sparse=always', guest, copy])
  return copy
}

test('a copy of a saved guest is as good as the guest', async () => {
  const [guest = ''] = saved()
  assert.ok(await findSnapshot(await copyOf(guest)))
})

for (const [what, damage] of Object.entries(DAMAGE)) {
  test(`a saved guest ${what} is noticed and removed`, async () => {
    const [guest = ''] = saved()
    const copy = await copyOf(guest)
    await damage(copy)
    assert.equal(await findSnapshot(copy), null)
    assert.deepEqual(await readdir(join(copy, '..')), [])
  })
}

test('a damaged saved guest is booted and saved anew', async () => {
  const [guest = ''] = saved()
  await flip(join(guest, 'ram'))
  const { origin, stderr } = await answers()
  assert.match(stderr, /booted in/)
  assert.equal(origin, 'restored', 'the new one is saved again')
  assert.deepEqual(saved(), [guest])
  assert.deepEqual((await readdir(guest)).toSorted(), ['boot.log', 'guest.json', 'ram', 'state'])
})

test('a saved guest that looks whole and does not load is told, and the attempt gets a booted one', async () => {
  const [guest = ''] = saved()
  const state = Buffer.alloc(5000, 'no state of QEMU')
  const found = await findSnapshot(guest)
  assert.ok(found)
  await writeFile(join(guest, 'state'), state)
  await writeManifest(guest, guest, found)
  const { origin, stderr } = await answers()
  assert.match(stderr, /the snapshot did not load: .*; booting it anew/)
  assert.equal(origin, 'booted')
  assert.equal((await answers()).origin, 'restored', 'it is saved anew for the next')
})

test('guests restored from one saved guest have nothing random in common, with the same seed or another', async () => {
  const catalogue = inRepository('test', 'e2e', 'cases')
  const random = [...kernelWords(kernels.v510, kernels.newest), '--catalogue', catalogue, '--cases', 'random']
  const drawn = new Map<string, Set<string>>()
  for (const seed of ['1', '2', '2']) {
    const { code, report, stderr } = await runReport(at('random'), [...random, '--seed', seed])
    assert.equal(code, 0, stderr)
    for (const { kernel, attempts } of report.cells) {
      assert.deepEqual(
        attempts.map(({ origin }) => origin),
        ['restored'],
      )
      const values = attempts[0]?.output.filter((line) => /^# \w[^:]*: [-\w]{8}/.test(line)) ?? []
      assert.equal(values.length, DRAWN, stderr)
      for (const line of values.map((value) => `${kernel} ${value}`)) {
        const what = line.slice(0, line.lastIndexOf(':'))
        drawn.set(what, (drawn.get(what) ?? new Set()).add(line))
      }
    }
  }
  assert.equal(drawn.size, 2 * DRAWN)
  for (const [what, values] of drawn) assert.equal(values.size, 3, `${what}: ${[...values].join(', ')}`)
})

test('no saved guest is needed: booting for every attempt gives the same verdicts', async () => {
  const ids = [kernels.v510, kernels.v61]
  const restored = await runReport(at('restored'), request(...ids))
  const booted = await runReport(at('booted'), [...request(...ids), '--no-snapshot'])
  assert.deepEqual(verdictsOf(booted.report), verdictsOf(restored.report))
  const origins = (run: typeof booted) => run.report.cells.flatMap(({ attempts }) => attempts.map(({ origin }) => origin))
  assert.deepEqual(origins(booted), ['booted', 'booted'], booted.stderr)
  assert.deepEqual(origins(restored), ['restored', 'restored'], restored.stderr)
})
