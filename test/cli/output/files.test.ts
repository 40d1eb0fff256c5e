/** Where reports go: a place that takes none is known at once, and no report takes the place of another. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { openNumberedFolder, probeOut, writeOut } from '#cli/output/files.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

const refused = (message: RegExp) => ({ name: 'InfraError', message, hint: 'name another place with --out' })

test('a folder that takes a report is made, and nothing is left in it', async (t) => {
  const folder = join(await temporaryFolder(t), 'new', 'out')
  await probeOut(folder)
  assert.deepEqual(await readdir(folder), [])
})

test('one that takes none is refused with the error of the system', { timeout: 20_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  await symlink('nowhere', join(folder, 'dangling'))
  await writeFile(join(folder, 'file'), '')
  await assert.rejects(probeOut('/proc/x'), refused(/^cannot write \/proc\/x: ENOENT$/))
  await assert.rejects(probeOut('/proc/x/y/z'), refused(/^cannot write \/proc\/x\/y\/z: ENOENT at \/proc\/x$/))
  await assert.rejects(probeOut('/dev/null/x'), refused(/^cannot write \/dev\/null\/x: ENOTDIR$/))
  await assert.rejects(probeOut('/proc/self/fd'), refused(/: (?:ENOENT|EACCES|EPERM)$/))
  await assert.rejects(probeOut(join(folder, 'file')), refused(/file: EEXIST$/))
  await assert.rejects(probeOut(join(folder, 'dangling')), refused(/dangling: EEXIST$/))
  await assert.rejects(probeOut(join(folder, 'n'.repeat(256))), refused(/: ENAMETOOLONG$/))
})

test('a file of the report that is in the way of itself is said with its error', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'index.html'))
  await assert.rejects(writeOut(join(folder, 'index.html'), 'page'), refused(/index\.html: EISDIR$/))
})

test('a full or read-only disk is found before the work', async (t) => {
  const disk = join(await temporaryFolder(t), 'disk')
  await mkdir(disk)
  const mount = (options: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'kwitness-test', disk], { stdio: 'pipe' })
  try {
    mount('size=4k')
  } catch {
    t.skip('a small file system cannot be mounted here (needs root)')
    return
  }
  try {
    await writeFile(join(disk, 'page'), Buffer.alloc(4096))
    await assert.rejects(probeOut(disk), refused(/: ENOSPC$/))
    assert.deepEqual(await readdir(disk), ['page'])
    // Of a report that does not fit nothing is left, and the one before stays.
    await writeFile(join(disk, 'page'), 'before')
    for (const name of ['page', 'other']) await assert.rejects(writeOut(join(disk, name), 'x'.repeat(9000)), refused(/: ENOSPC$/))
    assert.deepEqual([await readdir(disk), await readFile(join(disk, 'page'), 'utf8')], [['page'], 'before'])
    execFileSync('mount', ['-o', 'remount,ro', disk])
    await assert.rejects(probeOut(join(disk, 'out')), refused(/: EROFS$/))
  } finally {
    execFileSync('umount', [disk])
  }
})

test('commands refuse it before they look at anything else', async (t) => {
  const folder = await temporaryFolder(t)
  const env = { ...process.env, KWITNESS_CACHE: join(folder, 'cache'), KWITNESS_STATE: join(folder, 'state') }
  for (const words of [['run', '--kernels', 'no-such-set'], ['bisect']]) {
    const args = ['--disable-warning=ExperimentalWarning', inRepository('src/cli/main.ts'), ...words, '--out', '/proc/x/y']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 60_000 })
    assert.deepEqual([status, stdout], [3, ''], stderr)
    assert.equal(stderr, 'kwitness: cannot write /proc/x/y: ENOENT at /proc/x\n  name another place with --out\n')
  }
})

test('those who ask at once for a folder of their own get one each', async (t) => {
  const name = `test-${process.pid}`
  const folders = await Promise.all(Array.from({ length: 5 }, () => openNumberedFolder(name)))
  t.after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))
  const names = folders.map((folder) => basename(folder).replace(/-\d{4}-\d\d-\d\d-/, ' '))
  assert.deepEqual(
    names.toSorted(),
    [1, 2, 3, 4, 5].map((number) => `${name} ${number}`),
  )
})
