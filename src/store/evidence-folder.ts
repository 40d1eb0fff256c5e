/**
 * An attempt's folder: evidence.json, its logs, and SHA256SUMS over them (`sha256sum -c` agrees).
 * It comes into being whole, is never changed afterwards, and a change from outside is noticed.
 */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { InvariantError } from '#domain/errors.ts'
import type { Evidence, LogInfo } from '#domain/evidence.ts'
import { evidenceSchema } from '#schema/evidence.ts'
import { parseJson } from '#schema/read.ts'

const EVIDENCE = 'evidence.json'
const SUMS = 'SHA256SUMS'
const READ_ONLY = 0o444

/** A log of at most one disk block is not compressed: it would take the same block, and can be read as it is. */
const BLOCK = 4096
const ZSTD = '.zst'

/** Stored name of a log. */
export function storedName({ file, bytes }: LogInfo): string {
  return bytes > BLOCK ? file + ZSTD : file
}

/** Make the names inside a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The files of an attempt beside its evidence. */
function logsOf({ console, output, schedule }: Evidence): readonly LogInfo[] {
  return [console, output, ...(schedule ? [schedule] : [])]
}

/** Copy a log in, compressed where that pays, durably; gives its line for SHA256SUMS. */
async function storeLog(log: LogInfo, from: string, into: string): Promise<string> {
  if (basename(log.file) !== log.file) throw new InvariantError(`a log must lie in the folder itself: ${log.file}`)
  const content = await readFile(join(from, log.file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  if (content?.length !== log.bytes)
    throw new InvariantError(`${log.file} must hold ${log.bytes} bytes by its evidence; found: ${content?.length ?? 'no file'}`)
  const name = storedName(log)
  return storeFile(name === log.file ? content : await promisify(zstdCompress)(content), join(into, name))
}

async function storeFile(content: string | Uint8Array, path: string): Promise<string> {
  const handle = await open(path, 'wx', READ_ONLY)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return `${createHash('sha256').update(content).digest('hex')}  ${basename(path)}\n`
}

/** Where a folder is filled before it gets its name; what a killed process leaves behind begins with a dot. */
function beside(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}`)
}

/** Make an attempt's folder, durably and whole or not at all. Errors of the disk are thrown as they come. */
export async function writeEvidenceFolder(folder: string, evidence: Evidence, logs: string): Promise<void> {
  await fillEvidenceFolder(folder, evidence, logs)
  await syncFolder(dirname(folder))
}

/** The same, but for its name in the folder above, which is durable when the caller has synced that. */
export async function fillEvidenceFolder(folder: string, evidence: Evidence, logs: string): Promise<void> {
  const temporary = beside(folder)
  await rm(temporary, { recursive: true, force: true })
  try {
    await mkdir(temporary)
    const sums = [await storeFile(`${JSON.stringify(evidence, null, 2)}\n`, join(temporary, EVIDENCE))]
    for (const log of logsOf(evidence)) sums.push(await storeLog(log, logs, temporary))
    await storeFile(sums.join(''), join(temporary, SUMS))
    await syncFolder(temporary)
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

/** Read one file and hold it against SHA256SUMS; throws a plain Error that says what is wrong. */
async function readWhole(folder: string, name: string): Promise<Buffer> {
  const sums = await readFile(join(folder, SUMS), 'utf8')
  const content = await readFile(join(folder, name))
  const line = `${createHash('sha256').update(content).digest('hex')}  ${name}`
  if (!sums.split('\n').includes(line)) throw new Error(`${name} is not as it was stored`)
  return content
}

/** What a reading comes to when the file may be missing or damaged: its content, or what is wrong in one line. */
export type Checked<T> = { readonly value: T; readonly problem: null } | { readonly value: null; readonly problem: string }

async function checked<T>(read: () => Promise<T>): Promise<Checked<T>> {
  try {
    return { value: await read(), problem: null }
  } catch (error) {
    // Node's own message would carry the whole path, which differs from machine to machine.
    const { code, path, message } = error as NodeJS.ErrnoException
    if (path === undefined) return { value: null, problem: message }
    return { value: null, problem: `${basename(path)} ${code === 'ENOENT' ? 'is missing' : `cannot be read: ${code}`}` }
  }
}

/** A log, byte for byte as the harness wrote it. */
export function readLog(folder: string, log: LogInfo): Promise<Checked<Uint8Array>> {
  return checked(async () => {
    const name = storedName(log)
    const content = await readWhole(folder, name)
    return name === log.file ? content : promisify(zstdDecompress)(content, { maxOutputLength: log.bytes })
  })
}

/** A log at once, not held against SHA256SUMS; null where it cannot be read. */
export function readLogNow(folder: string, log: LogInfo): Uint8Array | null {
  try {
    const name = storedName(log)
    const content = readFileSync(join(folder, name))
    return name === log.file ? content : zstdDecompressSync(content, { maxOutputLength: log.bytes })
  } catch {
    return null
  }
}

/** Beyond so many known fingerprints the memory begins anew. */
const MAX_KNOWN = 20_000

/**
 * A function that gives sha256 (hex) over the SHA256SUMS of a folder, null where it has none. A file that was not written since
 * is not read again: a run asks when it is planned, executed and reported.
 */
export function createFingerprints(): (folder: string) => string | null {
  const known = new Map<string, { readonly stamp: string; readonly fingerprint: string }>()
  return (folder) => {
    const stamp = stampOf(folder)
    const before = known.get(folder)
    if (before?.stamp === stamp) return before.fingerprint
    try {
      const fingerprint = createHash('sha256')
        .update(readFileSync(join(folder, SUMS)))
        .digest('hex')
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(folder, { stamp, fingerprint })
      return fingerprint
    } catch {
      known.delete(folder)
      return null
    }
  }
}

/** A text that is another one when SHA256SUMS was written again or cannot be found: nothing of it is read. */
export function stampOf(folder: string): string {
  const { mtimeMs, size } = statSync(`${folder}/${SUMS}`, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 }
  return `${mtimeMs} ${size}`
}

/** The evidence as the folder has it, and only if the whole folder is as it was stored. */
export function readEvidenceFolder(folder: string): Promise<Checked<Evidence>> {
  return checked(async () => {
    const { value: evidence, problem } = parseJson(evidenceSchema, (await readWhole(folder, EVIDENCE)).toString('utf8'))
    if (problem !== null) throw new Error(`${EVIDENCE} is not valid evidence`)
    for (const log of logsOf(evidence)) await readWhole(folder, storedName(log))
    return evidence
  })
}
