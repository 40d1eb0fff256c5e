/** Delivers to the standard input of a command. */
import { open, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeTemporaryFolder } from '#harness/support/scratch.ts'
import { writeAt } from '#harness/support/workspace.ts'
import type { Failure } from './retry.ts'

const TIMEOUT_MS = 60_000

/** A file with this content, at its beginning, which is in no folder any more. Throws InfraError where TMPDIR takes none. */
async function openInput(input: string | Uint8Array): Promise<FileHandle> {
  const folder = await makeTemporaryFolder()
  try {
    const path = join(folder, 'input')
    await writeAt(path, 'free some space in TMPDIR', () => writeFile(path, input, { mode: 0o600 }))
    return await open(path, 'r')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Exit codes of sysexits.h for what would fail again: usage, data, user, host, software, permission, configuration. */
const FINAL = new Set([64, 65, 67, 68, 70, 77, 78])

/**
 * Run it once with this input. `env` is added to its environment. The input is a file, not a pipe: a command that goes on where
 * this process is killed must not take half of it, or nothing, for all.
 */
export async function sendToCommand(
  [command = '', ...args]: readonly string[],
  input: string | Uint8Array,
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Failure | null> {
  try {
    await using file = await openInput(input)
    const options = { inputFd: file.fd, env, anyExit: true, timeoutMs: TIMEOUT_MS, signal }
    const { exitCode, stderr } = await runCommand(command, args, options)
    if (exitCode === 0) return null
    const said = stderr.trim().split('\n').at(-1) ?? ''
    return { why: `exit code ${exitCode}${said === '' ? '' : `: ${said.slice(0, 200)}`}`, isFinal: FINAL.has(exitCode) }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof InfraError)) throw error
    return { why: error.message.split('\n')[0] ?? '', isFinal: false }
  }
}
