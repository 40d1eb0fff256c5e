/** `kwitness read`: results and kernel reports of any log, by the readers that judge kwitness's own guests. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Command } from '@commander-js/extra-typings'
import { UserError } from '#domain/errors.ts'
import { hasFailed, isEmptyReading, type LogReading } from '#domain/report/log.ts'
import { createLogReader } from '#console/log/reader.ts'
import { LOG_RENDERERS, type LogFormat } from '#render/log/index.ts'
import { helpText } from '../help/text.ts'
import * as shared from '../options/shared.ts'
import { print } from '../output/streams.ts'

/** The one that is the default first. */
const FORMATS = Object.keys(LOG_RENDERERS) as LogFormat[]

function declareOptions(command: Command) {
  return command
    .addOption(shared.format(FORMATS))
    .addOption(shared.json('what was found').conflicts('format'))
    .option('--strict', 'hold plain TAP (version 13 or 14, not KTAP) against the TAP 14 specification, by tap-parser')
}

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .argument('<files...>', 'logs to read, - for standard input')
    .description('Read logs: test results as a tree with counts, kernel reports, lost messages, restarts.')
    .addHelpText('after', HELP)
    .action(async (files, options) => {
      process.exitCode = await readLogs(files, options.json ? 'json' : (options.format ?? 'text'), options.strict ?? false)
    })
}

const HELP = helpText({
  remarks: [
    'A file is the console of a kernel, the output of kselftest, KUnit or any program that speaks TAP or KTAP, or both in one; ' +
      'raw or compressed by gzip or zstd, with or without the time stamps of printk. It is read as it comes, in bounded memory.',
  ],
  exits: {
    0: 'all passed, and the kernel reported nothing but notices',
    1: 'a test failed, the kernel reported a warning, a stall, an oops or a panic, or started again, or --strict found a fault',
    2: 'usage, or a file that cannot be read or holds nothing of the kind',
  },
  examples: [
    ['find what is wrong in the console of a machine', 'kwitness read console.log'],
    ['read a run of kselftest as it comes', 'make -C tools/testing/selftests run_tests | kwitness read -'],
    ['check that a program keeps to TAP 14', './tests.t | kwitness read --strict -'],
    ['write results for a CI system', 'kwitness read --format junit console.log.zst kselftest.log.gz > junit.xml'],
  ],
})

/** Read files, print them and give the exit code. Throws UserError for one that cannot be read or holds nothing to read. */
async function readLogs(files: readonly string[], format: LogFormat, strict: boolean): Promise<number> {
  const readings: LogReading[] = []
  for (const file of files) readings.push(await readLog(file, strict))
  await print(LOG_RENDERERS[format]({ schema: 'kwitness.log.1', files: readings }).trimEnd(), format !== 'text')
  const empty = readings.filter(isEmptyReading)
  for (const { source, bytes } of empty) {
    const what = bytes === 0 ? 'is empty' : 'holds no test results and nothing of a kernel'
    console.error(`kwitness: ${source} ${what}\n  give a console log, or the output of tests in TAP or KTAP`)
  }
  if (empty.length > 0) return 2
  return readings.some(hasFailed) ? 1 : 0
}

/** By their first bytes. zstd has two: pzstd begins with a frame that says how long the next one is. */
const MAGIC: readonly (readonly [LogReading['compression'] | 'xz' | 'bzip2', readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zstd', [0x50, 0x2a, 0x4d, 0x18]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
]

/** Read one file. Throws UserError where that fails. */
async function readLog(source: string, strict: boolean): Promise<LogReading> {
  const reader = createLogReader({ strict })
  let compression: LogReading['compression'] = 'none'
  const sink = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) reader.push(chunk)
  }
  try {
    const input: Readable = source === '-' ? process.stdin : createReadStream(source, { highWaterMark: 1 << 18 })
    const { first, rest } = await peek(input)
    const found = MAGIC.find(([, magic]) => magic.every((byte, index) => first[index] === byte))?.[0] ?? 'none'
    if (found === 'xz' || found === 'bzip2') {
      const unpack = found === 'xz' ? 'xzcat' : 'bzcat'
      throw new UserError(`${source} is compressed by ${found}`, `unpack it first: ${unpack} ${source} | kwitness read -`)
    }
    compression = found
    if (compression === 'none') await sink(rest)
    else await decompress(rest, compression, sink)
  } catch (error) {
    if (error instanceof UserError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    if (/^Z(?:STD)?_/.test(code)) {
      const unpack = compression === 'zstd' ? 'zstdcat' : 'zcat'
      throw new UserError(
        `${source} is cut or damaged: ${code}`,
        `read what is left of it: ${unpack} ${source} | kwitness read -`,
      )
    }
    throw new UserError(`cannot read ${source}: ${code}`, 'give a file that can be read, or - for standard input')
  }
  return { source, compression, ...reader.finish() }
}

/** Pass what these chunks hold to `sink`. Throws as zlib does, also for bytes behind the last frame of zstd, where that stops. */
async function decompress(
  chunks: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd',
  sink: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  let size = 0
  async function* counted() {
    for await (const chunk of chunks) {
      size += chunk.length
      yield chunk
    }
  }
  const decompressor = compression === 'gzip' ? createGunzip() : createZstdDecompress()
  await pipeline(counted(), decompressor, sink)
  if (compression === 'zstd' && decompressor.bytesWritten < size) {
    throw Object.assign(new Error('bytes behind the last frame'), { code: 'ZSTD_error_prefix_unknown' })
  }
}

/** The first bytes of a stream, and the whole of it. */
async function peek(input: Readable): Promise<{ first: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const chunks = (input as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let size = 0
  while (size < 5) {
    const next = await chunks.next()
    if (next.done) break
    held.push(next.value)
    size += next.value.length
  }
  async function* whole() {
    yield* held
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  }
  return { first: Buffer.concat(held).subarray(0, 5), rest: whole() }
}
