/** `kwitness read`: what it takes for a log, from where, and how it exits. What it finds in one is held in test/console. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createProgram } from '#cli/program.ts'
import { UserError } from '#domain/errors.ts'
import type { LogReport } from '#domain/report/log.ts'
import { inRepository } from '#harness/support/repository.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

const PASSED = 'KTAP version 1\n1..2\nok 1 wren\nok 2 heron\n'
const FAILED = 'KTAP version 1\n1..2\nok 1 wren\nnot ok 2 heron\n'
/** Two are longer than what is read at once, also compressed: chunks end within members, and members within chunks. */
const LONG = Array.from({ length: 40_000 }, (_, n) => `[    1.000000] gull ${(n * 2_654_435_761) % 4_294_967_296}\n`).join('')
/** `ok 1 wren`, compressed by xz and by bzip2. */
const XZ = '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAJb2sgMSB3cmVuCgAAAMgpt4JHoAphAAEiChUa4WcftvN9AQAAAAAEWVo='
const BZIP2 = 'QlpoOTFBWSZTWekZPlcAAAPZgAAQQAAgAAIJkIAgACIDJ6ggyYhtIA5+LuSKcKEh0jJ8rg=='
/** A frame that zstd skips, with four bytes in it: pzstd writes one before each frame. */
const SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4])

type Files = Readonly<Record<string, string | Uint8Array>>

/** These files in a folder of the test, and their paths by name. */
async function write<F extends Files>(t: TestContext, files: F): Promise<Record<keyof F, string>> {
  const folder = await temporaryFolder(t)
  const paths: [string, string][] = Object.keys(files).map((name) => [name, join(folder, name)])
  for (const [name, path] of paths) await writeFile(path, files[name] ?? '')
  return Object.fromEntries(paths) as Record<keyof F, string>
}

/** Run `kwitness read` with this standard input, each part written when the one before was taken. */
async function read(args: readonly string[], ...input: readonly (string | Uint8Array)[]) {
  const words = ['--disable-warning=ExperimentalWarning', inRepository('src/cli/main.ts'), 'read', ...args]
  const child = spawn(process.execPath, words, { stdio: 'pipe' })
  // One that refuses its input leaves the rest of it.
  child.stdin.on('error', () => undefined)
  const feed = async (): Promise<void> => {
    for (const part of input) await new Promise((taken) => child.stdin.write(part, taken))
    child.stdin.end()
  }
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit'), feed()])
  return { code, out, err }
}

/** What it says of a file that it refuses, by the command line in this process. */
async function refusal(file: string): Promise<string> {
  const program = await createProgram(['read'])
  const error = await program.parseAsync(['read', file], { from: 'user' }).then(
    () => assert.fail(`${file} was not refused`),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof UserError, String(error))
  return `${error.message}\n${error.hint}`
}

const filesIn = (out: string) => (JSON.parse(out) as LogReport).files

test('a file is read whole whatever it is compressed by, of several members too; all passed is exit 0', async (t) => {
  const parts = [LONG, PASSED, LONG]
  const paths = await write(t, {
    plain: parts.join(''),
    gzip: gzipSync(parts.join('')),
    zstd: zstdCompressSync(parts.join('')),
    'gzip members': Buffer.concat(parts.map((part) => gzipSync(part))),
    'gzip padded': Buffer.concat([...parts.map((part) => gzipSync(part)), Buffer.alloc(512)]),
    'zstd frames': Buffer.concat(parts.map((part) => zstdCompressSync(part))),
    'zstd of pzstd': Buffer.concat(parts.flatMap((part) => [SKIPPED, zstdCompressSync(part)])),
  })
  assert.ok(gzipSync(parts.join('')).length > 1 << 18)
  const { code, out, err } = await read(['--json', ...Object.values(paths)])
  assert.deepEqual([code, err], [0, ''])
  const bytes = 2 * LONG.length + PASSED.length
  assert.deepEqual(
    filesIn(out).map((file) => [file.source, file.compression, file.bytes, file.lines, file.counts.pass, file.splats.length]),
    Object.entries(paths).map(([name, path]) => [path, name === 'plain' ? 'none' : name.slice(0, 4), bytes, 80_004, 2, 0]),
  )
})

test('a failure is exit 1, and a file without anything to read is exit 2; the others are told all the same', async (t) => {
  const { passed, failed, empty, nothing, small } = await write(t, {
    passed: PASSED,
    failed: gzipSync(FAILED),
    empty: '',
    nothing: gzipSync(''),
    small: 'abc',
  })
  const [one, none] = await Promise.all([read([passed, failed]), read(['--json', passed, failed, empty, nothing, small])])
  assert.deepEqual([one.code, one.err], [1, ''])
  for (const path of [passed, failed]) assert.match(one.out, new RegExp(`^${RegExp.escape(path)}\\b`, 'm'))
  assert.match(one.out, /^ +fail +2 heron /m)

  assert.equal(none.code, 2)
  assert.deepEqual(
    filesIn(none.out).map(({ source, counts, bytes }) => [source, counts.pass, counts.fail, bytes]),
    [
      [passed, 2, 0, PASSED.length],
      [failed, 1, 1, FAILED.length],
      [empty, 0, 0, 0],
      [nothing, 0, 0, 0],
      [small, 0, 0, 3],
    ],
  )
  const hint = '  give a console log, or the output of tests in TAP or KTAP\n'
  assert.equal(
    none.err,
    `kwitness: ${empty} is empty\n${hint}kwitness: ${nothing} is empty\n${hint}` +
      `kwitness: ${small} holds no test results and nothing of a kernel\n${hint}`,
  )
})

test('standard input is read as it comes, compressed too; without a byte it is exit 2', async () => {
  const packed = gzipSync(PASSED)
  const pieces = [...packed].map((byte) => Uint8Array.of(byte))
  const [failed, gzip, empty, cut] = await Promise.all([
    read(['-'], 'KT', 'AP version 1\n1..2\nok 1 wr', 'en\nnot ok 2 heron\n'),
    read(['--json', '-'], ...pieces),
    read(['-']),
    read(['--json', '-'], packed.subarray(0, -9)),
  ])
  assert.deepEqual([failed.code, failed.err], [1, ''])
  assert.match(failed.out, /^-: 2 results: 1 fail, 1 pass|^-: 2 results: 1 pass, 1 fail/)
  assert.deepEqual([gzip.code, gzip.err], [0, ''])
  const [file] = filesIn(gzip.out)
  assert.deepEqual([file?.source, file?.compression, file?.counts.pass], ['-', 'gzip', 2])
  assert.equal(empty.code, 2)
  assert.match(empty.err, /^kwitness: - is empty\n {2}give a console log/)
  assert.deepEqual([cut.code, cut.out], [2, ''])
  assert.match(cut.err, /^kwitness: - is cut or damaged: Z_BUF_ERROR\n {2}read what is left of it: zcat - \| kwitness read -\n$/)
})

test('gzip and zstd that are cut anywhere, or damaged, are refused: what was read of them is no answer', async (t) => {
  for (const [compress, unpack, magic] of [
    [gzipSync, 'zcat', 2],
    [zstdCompressSync, 'zstdcat', 4],
  ] as const) {
    const whole = compress(PASSED)
    const cuts = Array.from({ length: whole.length - magic }, (_, n) => whole.subarray(0, magic + n))
    // The second member lacks its beginning: nothing says that it is one.
    const headless = Buffer.concat([whole, compress(FAILED).subarray(1)])
    const paths = await write(t, {
      ...Object.fromEntries(cuts.entries()),
      headless,
      tail: Buffer.concat([whole, whole.subarray(0, -1)]),
    })
    for (const path of Object.values(paths)) {
      const said = await refusal(path)
      assert.ok(said.startsWith(`${path} is cut or damaged: Z`), said)
      assert.ok(said.endsWith(`read what is left of it: ${unpack} ${path} | kwitness read -`), said)
    }
  }
})

test('what another program has compressed is refused, with the one that unpacks it', async (t) => {
  const { xz, bzip2 } = await write(t, { xz: Buffer.from(XZ, 'base64'), bzip2: Buffer.from(BZIP2, 'base64') })
  assert.equal(await refusal(xz), `${xz} is compressed by xz\nunpack it first: xzcat ${xz} | kwitness read -`)
  assert.equal(await refusal(bzip2), `${bzip2} is compressed by bzip2\nunpack it first: bzcat ${bzip2} | kwitness read -`)
})

test('a file that cannot be read is refused, and exit 2, with nothing of the files before it', async (t) => {
  const { passed } = await write(t, { passed: PASSED })
  const hint = 'give a file that can be read, or - for standard input'
  // Memory of this process at address 0 is a file that opens, and gives an error to root too.
  for (const [path, why] of [
    [`${passed}.none`, 'ENOENT'],
    [join(passed, 'file'), 'ENOTDIR'],
    [join(passed, '..'), 'EISDIR'],
    ['/proc/self/mem', 'EIO'],
  ] as const) {
    assert.equal(await refusal(path), `cannot read ${path}: ${why}\n${hint}`)
  }
  const { code, out, err } = await read([passed, `${passed}.none`])
  assert.deepEqual([code, out, err], [2, '', `kwitness: cannot read ${passed}.none: ENOENT\n  ${hint}\n`])
})
