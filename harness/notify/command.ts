/** Delivers to the standard input of a command. */
import { InfraError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import type { Failure } from './retry.ts'

const TIMEOUT_MS = 60_000

/** Exit codes of sysexits.h for what would fail again: usage, data, user, host, software, permission, configuration. */
const FINAL = new Set([64, 65, 67, 68, 70, 77, 78])

/** Run it once with this input. `env` is added to its environment. */
export async function sendToCommand(
  [command = '', ...args]: readonly string[],
  input: string | Uint8Array,
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Failure | null> {
  try {
    const { exitCode, stderr } = await runCommand(command, args, { input, env, anyExit: true, timeoutMs: TIMEOUT_MS, signal })
    if (exitCode === 0) return null
    const said = stderr.trim().split('\n').at(-1) ?? ''
    return { why: `exit code ${exitCode}${said === '' ? '' : `: ${said.slice(0, 200)}`}`, isFinal: FINAL.has(exitCode) }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof InfraError)) throw error
    return { why: error.message.split('\n')[0] ?? '', isFinal: false }
  }
}
