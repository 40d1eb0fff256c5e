/** Compile static C programs, the agent and the reproducers, once: cached by all their inputs. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '../support/process.ts'
import { isIntact, publishSealed } from '../support/sealed.ts'
import { exists, folderHint } from '../support/workspace.ts'

/** Compiler flags of everything that runs in a guest, and of the same files in lint. */
export const FLAGS = [
  '-static',
  '-O2',
  '-pthread',
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-D_GNU_SOURCE',
  '-Wl,--build-id=none',
  '-s',
]

/** Compiler flags of a library that is preloaded into a program of this host. */
export const LIBRARY_FLAGS = [...FLAGS.filter((flag) => flag !== '-static'), '-shared', '-fPIC']

export interface Program {
  readonly path: string
  /** Hash of sources, flags and compiler: identifies the program on every host. */
  readonly sha256: string
}

let compilerVersion: Promise<string> | null = null

/** The last line of `gcc -v`, which names the compiler. */
export function compiler(): Promise<string> {
  compilerVersion ??= runCommand('gcc', ['-v']).then((result) => result.stderr.trim().split('\n').at(-1) ?? '')
  return compilerVersion
}

interface Header {
  readonly name: string
  readonly content: Buffer
}

/** Returns the headers of a folder and of the folders below it, with their paths relative to it. */
export type Headers = (folder: string) => Promise<readonly Header[]>

async function readHeaders(folder: string): Promise<readonly Header[]> {
  const names = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.h')).toSorted()
  return Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })))
}

/** A reader that reads each folder once, for many programs with the same headers. */
export function createHeaders(): Headers {
  const known = new Map<string, ReturnType<Headers>>()
  return (folder) => {
    const headers = known.get(folder) ?? readHeaders(folder)
    known.set(folder, headers)
    return headers
  }
}

async function hashSources(
  files: readonly string[],
  includes: readonly string[],
  flags: readonly string[],
  headers: Headers,
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([flags, await compiler()]))
  // The compiler also searches the folder of each source.
  for (const folder of new Set([...includes, ...files.map((file) => dirname(file))])) {
    for (const { name, content } of await headers(folder)) hash.update(`\0${name}\0`).update(content)
  }
  for (const file of files) hash.update('\0').update(await readFile(file))
  return hash.digest('hex')
}

/** Where the program with this hash lies in the cache. */
export const programIn = (cache: string, sha256: string): string => join(cache, 'programs', sha256, 'program')

/** The cached program with this hash, whatever its sources are now; null when the cache does not have it, or it is damaged. */
export async function findProgram(cache: string, sha256: string): Promise<Program | null> {
  const path = programIn(cache, sha256)
  return (await exists(path)) && (await isIntact(dirname(path))) ? { path, sha256 } : null
}

/** How to compile a program. */
interface BuildOptions {
  readonly flags?: readonly string[]
  readonly headers?: Headers
  readonly signal?: AbortSignal | undefined
}

/**
 * Compile `files` into one program, static unless `flags` say otherwise, or find it in the cache.
 * Throws UserError with the compiler's output when it does not compile, InfraError when the disk is full.
 */
export async function buildProgram(
  cache: string,
  files: readonly string[],
  includes: readonly string[],
  { flags = FLAGS, headers = readHeaders, signal }: BuildOptions = {},
): Promise<Program> {
  const sha256 = await hashSources(files, includes, flags, headers)
  const found = await findProgram(cache, sha256)
  if (found) return found
  const path = programIn(cache, sha256)
  const entry = dirname(path)
  await publishSealed(entry, async (temporary) => {
    const args = [...flags, ...includes.map((folder) => `-I${folder}`), '-o', join(temporary, 'program'), ...files]
    const { exitCode, stderr } = await runCommand('gcc', args, { anyExit: true, signal })
    if (/No space left on device|Disk quota exceeded/.test(stderr)) {
      throw new InfraError(`cannot write ${entry}: the disk is full`, folderHint('full', ['KWITNESS_CACHE']))
    }
    if (exitCode !== 0) throw new UserError(`${files.join(' ')} does not compile:\n${stderr.trim()}`)
  })
  return { path, sha256 }
}
