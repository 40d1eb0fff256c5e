/** Saved guests that are damaged, kernels that do not boot, a cache that is shared or full, an accelerator that is none. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { compressRam } from '#harness/boot/snapshot/compress.ts'
import { writeManifest, findSnapshot } from '#harness/boot/snapshot/snapshot.ts'
import {
  fetchKernels,
  kernelWords,
  newPlace,
  readReport,
  runCli,
  runReport,
  verdictsOf,
  type Ended,
  type Kernels,
  type Place,
} from '../helpers/cli.ts'

/** A case whose answer is known of both kernels: 5.10 lacks the fix, 6.1 carries it. */
const CASE = 'uffd-mmap-changing-atomic'
/** Cases that mistreat their guest. */
const HOSTILE = join(import.meta.dirname, 'hostile')
/** Things that the case `random` says were drawn. */
const DRAWN = 5
/** Whether this user may have mounts of its own: root outside of most containers. */
const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0

const place = await newPlace('guests and host')
let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})
after(() => place.remove())

const at = (name: string): Place => ({ ...place, state: join(place.folder, name), out: join(place.folder, name, 'out') })
const request = (...ids: readonly string[]): string[] => [...kernelWords(...ids), '--cases', CASE]

describe('an accelerator', () => {
  /* A file that is not KVM in its place: one that works would be found, and one that is silent is waited for for minutes. */
  const hide = 'mount --bind /dev/null /dev/kvm 2>/dev/null; exec "$@"'
  const prefix = mayMount ? ['unshare', '--mount', 'sh', '-c', hide, 'sh'] : []

  test('an accelerator that is useless is found out by a guest, said once, and not asked again', async (t) => {
    const words = ['run', ...request(kernels.v510), '--json', '--out', place.out]
    const first = await runCli(at('accelerator'), words, prefix)
    assert.equal(first.code, 0, first.stderr)
    if (readReport(first).run.host.accelerator === 'kvm') return t.skip('KVM works here, and this user may not hide it')
    assert.equal(first.stderr.match(/guests run under TCG, slower: .*\/dev\/kvm/g)?.length, 1, first.stderr)
    const second = await runCli(at('accelerator'), words, prefix)
    assert.doesNotMatch(second.stderr, /guests run under TCG/)
    assert.equal(readReport(second).run.host.accelerator, 'tcg')
  })

  test('an accelerator that does not work and is asked for by name is refused', async (t) => {
    const { report } = await runReport(at('accelerator'), request(kernels.v510))
    if (report.run.host.accelerator === 'kvm') return t.skip('KVM works here')
    const { code, stderr } = await runCli(at('accelerator'), ['run', ...request(kernels.v510), '--accel', 'kvm'], prefix)
    assert.equal(code, 3)
    assert.match(stderr, /KVM was asked for and does not work here: .*\/dev\/kvm/)
  })
})

describe('a saved guest', () => {
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
    await rm(guests, { recursive: true, force: true })
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
})

describe('a kernel that does not boot', () => {
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
})

describe('the cache', () => {
  test('one cache serves two runs at once, from the first boot on', async (t) => {
    const shared = await newPlace('guests and host')
    t.after(shared.remove)
    const places = ['one', 'two'].map((name) => join(shared.folder, name)).map((state) => ({ ...shared, state, out: state }))
    const runs = await Promise.all(places.map((own) => runReport(own, request(kernels.v510, kernels.v61))))
    for (const { code, report, stderr } of runs) {
      assert.equal(code, 0, stderr)
      assert.deepEqual(Object.values(verdictsOf(report)), ['lacks', 'carries'], stderr)
    }
  })

  describe('when it is full', { skip: !mayMount && 'this user may not mount a small file system' }, () => {
    /** A run whose cache has so much room left, in a mount of its own that goes with it. What is downloaded is not in it. */
    async function runWithRoom(size: string): Promise<Ended & { readonly cache: string }> {
      const there = await newPlace('guests')
      const small = join(there.folder, 'small')
      await mkdir(small)
      const fill = `cp -d ${there.cache}/* ${small}/ && rm ${small}/programs ${small}/initramfs`
      const script = `mount -t tmpfs -o size=${size} tmpfs ${small} && ${fill} && exec "$@"`
      const words = ['run', ...request(kernels.v510), '--json', '--out', there.out]
      try {
        const ended = await runCli({ ...there, cache: small }, words, ['unshare', '--mount', 'sh', '-c', script, 'sh'])
        return { ...ended, cache: small }
      } finally {
        await there.remove()
      }
    }

    const HINT = /\n {2}free some space or set KWITNESS_CACHE/

    test('a full cache ends the run with what cannot be written and what to do', async () => {
      const { code, stderr, cache } = await runWithRoom('100k')
      assert.match(stderr, new RegExp(`^kwitness: cannot write ${cache}/\\S+: the disk is full$`, 'm'))
      assert.match(stderr, HINT)
      assert.equal(code, 3)
    })

    test('a cache that is full before the first attempt ends it too', async () => {
      const { code, stderr, cache } = await runWithRoom('3m')
      assert.match(stderr, new RegExp(`^kwitness: cannot write ${cache}/\\S+: ENOSPC$`, 'm'))
      assert.match(stderr, HINT)
      assert.equal(code, 3)
    })

    test('a cache without room for guests is told, and each attempt gets a booted one', async () => {
      const ended = await runWithRoom('40m')
      assert.match(ended.stderr, /this host cannot save guests \(the cache .* has no room .*\): booting one for each attempt/)
      const [cell] = readReport(ended).cells
      assert.deepEqual([cell?.verdict, cell?.attempts[0]?.origin, ended.code], ['lacks', 'booted', 0], ended.stderr)
    })
  })
})
