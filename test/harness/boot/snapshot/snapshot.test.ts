/** What the key of a snapshot depends on, and which damage to its files is detected. The files are made up: no guest boots. */
import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, open, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import {
  bootLogFile,
  writeManifest,
  findSnapshot,
  snapshotFolder,
  manifestFile,
  stateFile,
} from '#harness/boot/snapshot/snapshot.ts'
import { digHoles, compressedFile, compressRam, ramFile } from '#harness/boot/snapshot/compress.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import type { GuestProfile } from '#domain/profile.ts'

const cache = await mkdtemp(join(tmpdir(), 'kwitness-saved-'))
const root = join(cache, 'guests')
await mkdir(root)
after(() => rm(cache, { recursive: true }))

describe('the key of a saved guest', () => {
  const tcg: GuestProfile = { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] }
  const kvm: GuestProfile = { ...tcg, accelerator: 'kvm' }
  const host = { qemu: '7.2.22', kernel: '6.18.44', cpuModel: 'Some CPU', cpuFeatures: 'f00d', tscKhz: 2_600_000 }
  const kernel: Kernel = {
    id: 'k',
    provider: 'file',
    version: '6.1.1',
    series: '6.1.y',
    build: '',
    flavour: 'cloud-amd64',
    arch: 'x86_64',
  }
  const image: KernelImage = { kernel, sha256: 'abc', bzImage: '/k/bzImage', vmlinux: '/k/vmlinux', config: null, modules: null }
  const inputs: BootInputs = {
    image,
    initramfs: { path: '/i', sha256: 'def' },
    profile: tcg,
    host,
  }
  const other = { ...host, kernel: '6.18.45', cpuModel: 'Another CPU', cpuFeatures: 'beef' }
  const of = (changes: Partial<BootInputs>): string => snapshotFolder('/c', { ...inputs, ...changes })

  test("under TCG the key is the same on every host with the same TSC rate, because the CPU is QEMU's own", () => {
    assert.equal(of({}), '/c/guests/69aebb196ea536ad20ac7d06e2772727', 'of every argument of QEMU, so it changes with them')
    assert.equal(of({ host: other }), of({}))
    assert.notEqual(of({ host: { ...host, tscKhz: 2_000_000 } }), of({}))
  })

  test('under KVM another host kernel, CPU or microcode changes the key', () => {
    const own = of({ profile: kvm })
    assert.notEqual(own, of({}))
    for (const name of ['kernel', 'cpuModel', 'cpuFeatures'] as const)
      assert.notEqual(of({ profile: kvm, host: { ...host, [name]: other[name] } }), own, name)
    assert.equal(of({ profile: kvm, host: { ...host, tscKhz: 2_000_000 } }), own, 'a KVM guest calibrates the rate itself')
  })

  test('the key depends on kernel, initramfs, QEMU and every field of the profile', () => {
    const all = [
      of({}),
      of({ image: { ...inputs.image, sha256: 'xyz' } }),
      of({ initramfs: { path: '/i', sha256: 'xyz' } }),
      of({ host: { ...host, qemu: '7.2.23' } }),
      of({ profile: { ...tcg, cpus: 2 } }),
      of({ profile: { ...tcg, memoryMiB: 1024 } }),
      of({ profile: { ...tcg, cmdline: ['a'] } }),
    ]
    assert.equal(new Set(all).size, all.length)
    assert.equal(of({ image: { ...inputs.image, bzImage: '/elsewhere' }, initramfs: { path: '/else', sha256: 'def' } }), of({}))
  })
})

describe('a saved guest on disk', () => {
  const facts = {
    bootMethod: 'microvm-pvh',
    hello: { release: '6.1', build: '#1', cpus: 1, memoryKiB: 1, taint: 0 },
    readySeconds: 1,
  } as const
  const MIB = 2 ** 20
  let made = 0

  /** A snapshot whose files start with this text. */
  async function makeGuest(word: string): Promise<string> {
    const folder = join(root, `guest-${made++}`)
    await mkdir(folder)
    const ram = Buffer.alloc(8 * MIB)
    for (let at = 0; at < ram.length; at += MIB) ram.write(word, at)
    await writeFile(ramFile(folder), ram)
    await writeFile(stateFile(folder), `${word} state`)
    await writeFile(bootLogFile(folder), `${word} log`)
    await writeManifest(folder, folder, facts)
    return folder
  }

  async function write(file: string, at: number, byte: number): Promise<void> {
    const handle = await open(file, 'r+')
    await handle.write(Buffer.of(byte), 0, 1, at)
    await handle.close()
  }

  /** Change a file and restore its modification time. */
  async function keepingTime(file: string, change: () => Promise<unknown>): Promise<void> {
    const { atime, mtime } = await stat(file)
    await change()
    await utimes(file, atime, mtime)
  }

  test('an unchanged snapshot is found with its facts, however often', async () => {
    const folder = await makeGuest('one')
    for (let time = 0; time < 2; time += 1) assert.deepEqual(await findSnapshot(folder), { folder, ...facts })
    await utimes(manifestFile(folder), new Date(1), new Date(1))
    assert.deepEqual(await findSnapshot(folder), { folder, ...facts }, 'the time of the last use does not matter')
    assert.equal(await findSnapshot(join(root, 'nowhere')), null)
  })

  test('a compressed snapshot is decompressed unchanged each time, and its compressed file stays', async () => {
    const folder = await makeGuest('one')
    const before = { bytes: await readFile(ramFile(folder)), time: (await stat(ramFile(folder))).mtimeMs }
    for (let round = 0; round < 2; round += 1) {
      await compressRam(folder)
      await assert.rejects(stat(ramFile(folder)), { code: 'ENOENT' })
      assert.deepEqual(await findSnapshot(folder), { folder, ...facts })
      assert.deepEqual({ bytes: await readFile(ramFile(folder)), time: (await stat(ramFile(folder))).mtimeMs }, before)
    }
    assert.ok((await stat(compressedFile(folder))).size < before.bytes.length / 5)
  })

  test('zero pages of RAM take no space on the disk', async () => {
    const folder = await makeGuest('one')
    await digHoles(ramFile(folder))
    const { size, blocks } = await stat(ramFile(folder))
    assert.deepEqual({ size, isSparse: blocks * 512 < MIB }, { size: 8 * MIB, isSparse: true })
  })

  const DAMAGE: Readonly<Record<string, (folder: string, other: string) => Promise<unknown>>> = {
    'its RAM was written to': (folder) => write(ramFile(folder), MIB + 5, 1),
    'its RAM is cut short': (folder) => truncate(ramFile(folder), 4 * MIB),
    'its packed RAM was written to': async (folder) => {
      await compressRam(folder)
      await write(compressedFile(folder), (await stat(compressedFile(folder))).size >> 1, 0xff)
    },
    'its packed RAM is cut short': async (folder) => {
      await compressRam(folder)
      await truncate(compressedFile(folder), (await stat(compressedFile(folder))).size >> 1)
    },
    'its packed RAM is that of another': async (folder, other) => {
      await Promise.all([compressRam(folder), compressRam(other)])
      await cp(compressedFile(other), compressedFile(folder))
    },
    'its RAM is gone': (folder) => rm(ramFile(folder)),
    'its RAM was lost and its time was not': (folder) =>
      keepingTime(ramFile(folder), async () => {
        await truncate(ramFile(folder), 0)
        await truncate(ramFile(folder), 8 * MIB)
      }),
    'its RAM is that of another, with the right time': (folder, other) =>
      keepingTime(ramFile(folder), () => cp(ramFile(other), ramFile(folder))),
    'its state is that of another': (folder, other) => cp(stateFile(other), stateFile(folder)),
    'its boot log is that of another': (folder, other) => cp(bootLogFile(other), bootLogFile(folder)),
    'its boot log is cut short': (folder) => truncate(bootLogFile(folder), 3),
    'its description has another kernel in it': async (folder) => {
      const text = await readFile(manifestFile(folder), 'utf8')
      await writeFile(manifestFile(folder), text.replace('"release":"6.1"', '"release":"6.2"'))
    },
    'its description lacks its sum': async (folder) => {
      const { sha256: _, ...rest } = JSON.parse(await readFile(manifestFile(folder), 'utf8')) as { sha256: string }
      await writeFile(manifestFile(folder), JSON.stringify(rest))
    },
    'its whole folder is that of another': async (folder, other) => {
      await rm(folder, { recursive: true })
      await rename(other, folder)
    },
  }
  for (const [what, damage] of Object.entries(DAMAGE)) {
    test(`${what}: the snapshot is not used, and is removed`, async () => {
      const [folder, other] = [await makeGuest('one'), await makeGuest('two')]
      await damage(folder, other)
      assert.equal(await findSnapshot(folder), null)
      await assert.rejects(stat(folder), { code: 'ENOENT' })
    })
  }
})
