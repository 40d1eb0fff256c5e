import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import fc from 'fast-check'
import { writeCpio } from '#harness/image/cpio.ts'
import { runCommand } from '#harness/support/process.ts'

/** The agent's unpacker (vm-images/guest/cpio.c), built with sanitizers and fed with archives. */
const AGENT = inRepository('vm-images', 'guest')
const SANITIZERS = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
const WARNINGS = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', `-I${AGENT}`]
const EINVAL = -22

let place = ''
let program = ''

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'kwitness-unpack-'))
  program = join(place, 'unpack')
  const object = join(place, 'cpio.o')
  const renamed = ['-Dopen=guarded_open', '-Dunlink=guarded_unlink', '-Dmkdir=guarded_mkdir']
  await runCommand('gcc', [...SANITIZERS, ...WARNINGS, ...renamed, '-c', '-o', object, join(AGENT, 'cpio.c')])
  await runCommand('gcc', [...SANITIZERS, ...WARNINGS, '-o', program, join(import.meta.dirname, 'unpack.c'), object])
})
after(() => rm(place, { recursive: true, force: true }))

/** Unpack the archives one after the other into a new folder; returns what the unpacker printed for each. */
async function unpack(
  archives: readonly Buffer[],
): Promise<{ folder: string; results: number[]; whole: boolean; stderr: string }> {
  const folder = await mkdtemp(join(place, 'into-'))
  const input = Buffer.concat(
    archives.flatMap((archive) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(archive.length)
      return [length, archive]
    }),
  )
  // Not runCommand, which passes text: an archive is binary.
  const { status, stdout, stderr } = spawnSync(program, { cwd: folder, input, maxBuffer: 1 << 26 })
  const results = stdout.toString().split('\n').slice(0, -1).map(Number)
  return { folder, results, whole: status === 0, stderr: stderr.toString() }
}

const FILES = [
  { name: 'modules', folder: true as const },
  { name: 'repro', data: Buffer.from('#!program'), executable: true },
  { name: 'args', data: Buffer.from('one\0two\0') },
  { name: 'modules/00-fuse', data: Buffer.alloc(9000, 'm') },
  { name: 'empty', data: Buffer.alloc(0) },
]
const GOOD = writeCpio(FILES)
/** Offsets of the headers in GOOD. */
const HEADERS = [...GOOD.toString('latin1').matchAll(/070701/g)].map(({ index }) => index)

test('the agent unpacks what the host packs', async () => {
  const { folder, results, stderr } = await unpack([GOOD])
  assert.deepEqual(results, [0], stderr)
  for (const file of FILES) {
    const { mode } = await stat(join(folder, file.name))
    if ('folder' in file) assert.ok((await stat(join(folder, file.name))).isDirectory())
    else {
      assert.deepEqual(await readFile(join(folder, file.name)), file.data)
      assert.equal((mode & 0o100) !== 0, 'executable' in file)
    }
  }
})

test('a truncated archive, or one with a malformed number, is refused', async () => {
  const withField = (header: number, field: number, text: string) => {
    const copy = Buffer.from(GOOD)
    copy.write(text, (HEADERS[header] ?? 0) + 6 + field * 8, 8, 'latin1')
    return copy
  }
  const bad = {
    'no byte at all': Buffer.alloc(0),
    'half a header': GOOD.subarray(0, 60),
    'no trailer': GOOD.subarray(0, HEADERS.at(-1)),
    'half a file': GOOD.subarray(0, (HEADERS[3] ?? 0) + 5000),
    'another magic': Buffer.from(GOOD).fill('070702', 0, 6),
    'no name': withField(1, 11, '00000000'),
    'a name that does not end': withField(1, 11, '00000005'),
    'a name past the end': withField(1, 11, '7fffffff'),
    'a size past the end': withField(1, 6, 'fffffff0'),
    'the largest size': withField(1, 6, 'ffffffff'),
    'a negative size': withField(1, 6, '-0000004'),
    'a negative size that goes back to its own header': withField(1, 6, '-0000074'),
    'a negative name': withField(1, 11, '-0000001'),
    'a size with a blank': withField(1, 6, '       9'),
    'a size with 0x': withField(1, 6, '0x000009'),
    'a mode that is none': withField(1, 1, '0000z1ed'),
  }
  for (const [what, archive] of Object.entries(bad)) {
    const { results, stderr } = await unpack([archive])
    assert.deepEqual(results, [EINVAL], `${what}: ${stderr.slice(0, 400)}`)
  }
})

test('an existing folder is accepted, a file in its place is an error', async () => {
  const { results } = await unpack([GOOD, GOOD, writeCpio([{ name: 'repro/x', data: Buffer.from('x') }])])
  assert.deepEqual(results, [0, 0, -20])
})

type Change = (archive: Buffer) => Buffer

const offset = fc.integer({ min: 0, max: GOOD.length - 1 })
const digits = fc.oneof(
  fc.constantFrom('ffffffff', '7fffffff', '80000000', 'fffffffc', '00000000', '-0000001', '-0000074', '+0000001', '   0x1  '),
  fc.integer({ min: 0, max: 20_000 }).map((value) => value.toString(16).padStart(8, '0')),
  fc.stringMatching(/^[0-9a-fx+ -]{8}$/),
)
/** Overwrite bytes at an offset, if the archive is that long. */
const put =
  (at: number, text: string): Change =>
  (archive) => {
    if (at < archive.length) archive.write(text, at, 'latin1')
    return archive
  }
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(offset, fc.nat(255)).map(([at, value]) => put(at, String.fromCharCode(value))),
  fc
    .tuple(fc.constantFrom(...HEADERS), fc.constantFrom(1, 6, 11), digits)
    .map(([header, field, text]) => put(header + 6 + field * 8, text)),
  offset.map((length) => (archive: Buffer) => archive.subarray(0, length)),
  fc.tuple(offset, offset).map(
    ([from, to]) =>
      (archive: Buffer) =>
        Buffer.concat([archive.subarray(0, from), archive.subarray(to)]),
  ),
)
const mutant = fc
  .array(change, { minLength: 1, maxLength: 6 })
  .map((changes) => changes.reduce<Buffer>((archive, apply) => apply(archive), Buffer.from(GOOD)))

test('no archive makes the unpacker read out of bounds or loop for ever', async () => {
  const seed = Math.trunc(Math.random() * 2 ** 31)
  const mutants = fc.sample(mutant, { seed, numRuns: 1500 })
  const { results, whole, stderr } = await unpack(mutants)
  const last = mutants[results.length]
  assert.ok(whole, `seed ${seed}, archive ${results.length} (${last?.toString('latin1', 0, 400)}):\n${stderr.slice(0, 3000)}`)
  assert.equal(results.length, mutants.length)
  assert.ok(
    results.every((value) => value <= 0),
    'the unpacker returns 0 or -errno',
  )
  assert.ok(results.includes(0) && results.includes(EINVAL), 'some archives are still valid, some are refused')
})
