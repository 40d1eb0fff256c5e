/** Disk images of users: what a selector says, which images are refused, and what QEMU is told of those that are not. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { UserError } from '#domain/errors.ts'
import { qemuArguments } from '#harness/boot/qemu/argv.ts'
import type { DiskSpec } from '#harness/boot/qemu/disk-argv.ts'
import { buildOf, findImage, readImage } from '#harness/kernels/image/inspect.ts'
import { parseImageSelector } from '#harness/kernels/image/selector.ts'
import { image } from '#harness/kernels/image/provider.ts'
import { splitSelectors } from '#harness/kernels/selector.ts'

let folder = ''
const qemuImg = (() => {
  try {
    execFileSync('qemu-img', ['--version'])
    return { skip: false }
  } catch {
    return { skip: 'needs qemu-utils' }
  }
})()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kwitness-image-'))
  await writeFile(join(folder, 'a,b.raw'), 'x'.repeat(1024))
  await writeFile(join(folder, 'key'), 'k')
})
after(() => rm(folder, { recursive: true, force: true }))

const context = () => ({ workspace: { cache: join(folder, 'cache'), state: join(folder, 'state') } })
const at = (name: string) => join(folder, name)
const make = (...args: string[]) => execFileSync('qemu-img', ['create', '-q', ...args], { cwd: folder })
const read = (part: string) => readImage(parseImageSelector(part), context())
const refuses = (part: string, why: RegExp, hint = /./) =>
  assert.rejects(read(part), (error) => {
    assert.ok(error instanceof UserError, String(error))
    assert.match(error.message, why)
    assert.match(error.hint ?? '', hint)
    return true
  })

test('a selector names a path with any character, a format, and a login', () => {
  const path = at('a,b.raw')
  const key = at('key')
  assert.deepEqual(parseImageSelector(path), { path, format: null, user: null, key: null })
  const whole = `${path},format=raw,user=debian,key=${key}`
  assert.deepEqual(parseImageSelector(whole), { path, format: 'raw', user: 'debian', key })
  assert.deepEqual(parseImageSelector(`${path},user=root,key=agent`), { path, format: null, user: 'root', key: 'agent' })
  assert.deepEqual(splitSelectors(`debian:6.1.y:newest,image:${whole}`), ['debian:6.1.y:newest', `image:${whole}`])
  const wrong = [
    '',
    'x,format=vmdk',
    'x,format=raw,format=raw',
    'x,user=a b,key=agent',
    'x,user=-l,key=agent',
    'x,user=debian',
    'x,size=3',
  ]
  for (const part of wrong) assert.throws(() => parseImageSelector(part), UserError, part)
})

test('the format is what the image says, and its identity what it contains', qemuImg, async () => {
  make('-f', 'qcow2', 'disk.img', '16M')
  await writeFile(at('plain.img'), 'a disk')
  await truncate(at('plain.img'), 1 << 20)
  const qcow2 = await read(at('disk.img'))
  const raw = await read(at('plain.img'))
  assert.deepEqual([qcow2.format, raw.format, raw.user, raw.key], ['qcow2', 'raw', 'root', null])
  assert.equal((await findImage(buildOf(raw), context().workspace)).path, at('plain.img'))
  await writeFile(at('copy.img'), await readFile(at('plain.img')))
  assert.equal((await read(at('copy.img'))).sha256, raw.sha256)
  await writeFile(at('plain.img'), 'another disk')
  await utimes(at('plain.img'), 1, 1)
  assert.equal((await findImage(buildOf(raw), context().workspace)).path, at('copy.img'), 'the same image in another place')
  await rm(at('copy.img'))
  await assert.rejects(findImage(buildOf(raw), context().workspace), /is not what it was any more/)
})

test('what is not an image, is in another format or leads to another file is refused', qemuImg, async () => {
  await writeFile(at('secret'), 'of this host')
  await truncate(at('secret'), 1 << 20)
  make('-f', 'qcow2', '-b', 'secret', '-F', 'raw', 'backed.qcow2')
  make('-f', 'qcow2', '-o', 'data_file=data', 'outside.qcow2', '1M')
  make('-f', 'vmdk', 'disk.vmdk', '1M')
  make('-f', 'qcow2', 'disk.raw', '1M')
  const convert = /qemu-img convert/
  await refuses(at('backed.qcow2'), /needs a further file, secret/, convert)
  await refuses(at('outside.qcow2'), /needs a further file, data/, convert)
  await refuses(at('disk.vmdk'), /is a vmdk image/, convert)
  await refuses(at('disk.raw'), /is named raw and begins as qcow2 does/, /format=raw/)
  assert.equal((await read(`${at('disk.raw')},format=raw`)).format, 'raw')
  assert.equal((await read(`${at('disk.raw')},format=qcow2`)).format, 'qcow2')
  await refuses(`${at('key')},format=qcow2`, /cannot read the disk image/)
  await refuses(at('missing'), /cannot read the disk image/)
  await refuses(folder, /is not a file/)
  await refuses(`${at('disk.img')},user=debian,key=${at('no-key')}`, /cannot read the key/)
  await writeFile(at('empty'), '')
  await refuses(at('empty'), /is empty/)
})

test('a kernel whose image nobody has booted is an error without a guest, and is kept once one was asked', qemuImg, async () => {
  make('-f', 'qcow2', 'own.qcow2', '8M')
  await assert.rejects(image.list(at('own.qcow2'), context()), /nobody has booted/)
  const build = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)'
  const asked: string[] = []
  const askImage = async ({ disk }: { disk?: { path: string } }) => {
    asked.push(disk?.path ?? '')
    return { release: '6.1.0-50-cloud-amd64', build }
  }
  const [kernel] = await image.list(at('own.qcow2'), { ...context(), askImage })
  const [again] = await image.list(at('own.qcow2'), { ...context(), askImage })
  assert.deepEqual(kernel, again)
  assert.deepEqual(asked, [at('own.qcow2')])
  assert.match(kernel?.id ?? '', /^image-6\.1\.176-[0-9a-f]{12}$/)
  assert.equal(kernel?.series, '6.1.y')
  assert.ok(kernel)
  const files = await image.fetch(kernel, context())
  assert.deepEqual([files.disk?.path, files.disk?.format, files.bzImage], [at('own.qcow2'), 'qcow2', null])
  assert.equal((await image.find(kernel.id, context())).id, kernel.id)
  await assert.rejects(image.find('image-6.1.176-000000000000', context()), /is not a disk image that kwitness knows/)
})

test('QEMU never opens an image for writing, by a format that is stated, and follows it nowhere', () => {
  const disk: DiskSpec = { image: '/i/a,b.qcow2', format: 'qcow2', access: 'temporary', boots: true, layer: null, seed: null }
  const profile = { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 1024, cmdline: [] } as const
  const spec = {
    bootMethod: 'pc-disk',
    profile,
    kernel: '',
    initramfs: '',
    memory: { kind: 'plain' },
    payload: '/p',
    tscKhz: 1,
  } as const
  const argv = (more: Partial<DiskSpec> = {}) => qemuArguments({ ...spec, disk: { ...disk, ...more } })
  const driveOf = (words: readonly string[]) =>
    JSON.parse((words[words.indexOf('-drive') + 1] ?? '').replace(/^.*?json:/, '').replaceAll(',,', ','))
  const below = {
    driver: 'qcow2',
    'read-only': true,
    file: { driver: 'file', filename: '/i/a,b.qcow2', 'read-only': true },
    backing: null,
  }
  assert.deepEqual(driveOf(argv()), below)
  assert.ok(argv().some((word) => word.startsWith('if=none,id=root,snapshot=on,')))
  const layer = { driver: 'file', filename: '/s/disk.qcow2' }
  assert.deepEqual(driveOf(argv({ layer: '/s/disk.qcow2' })), { driver: 'qcow2', file: layer, backing: below, 'read-only': true })
  const kept = argv({ access: 'layer', layer: '/s/disk.qcow2' })
  const node = JSON.parse(kept[kept.indexOf('-blockdev') + 1] ?? '')
  assert.deepEqual([node.file, node.backing, node['read-only']], [layer, below, undefined])
  for (const option of ['-kernel', '-append', '-initrd']) assert.equal(argv().includes(option), false, option)
  assert.equal(argv().join(' ').includes('id=payload'), false)
  assert.equal(argv()[argv().indexOf('-m') + 1], '1024M')
  assert.ok(argv().includes('virtio-blk-pci,drive=root,bootindex=0'))
  const around = qemuArguments({ ...spec, bootMethod: 'pc-bzimage', disk: { ...disk, boots: false } })
  assert.ok(around.includes('virtio-blk-pci,drive=root'), 'where QEMU boots a kernel, it takes the first place itself')
  assert.ok(argv({ seed: '/c/seed' }).some((word) => word.includes('"vvfat"') && word.includes('"read-only":true')))
})
