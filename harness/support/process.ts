/** The one door to child processes: execa, with our errors. */
import { execa, type Options } from 'execa'
import { InfraError } from '#domain/errors.ts'

export interface Finished {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Milliseconds; the child is killed and InfraError thrown when they are over. */
  readonly timeoutMs?: number
  /** Accept any exit code instead of throwing on one that is not 0. */
  readonly anyExit?: boolean
  readonly signal?: AbortSignal
}

/**
 * Run a command to its end and give its output.
 * Throws InfraError when it cannot be started, times out, or (without anyExit) exits non-zero; the message names
 * the command and carries the last line it wrote to stderr.
 */
export async function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const result = await execa(command, args, {
    reject: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    maxBuffer: 256 * 1024 * 1024,
  })
  const { stdout, stderr, exitCode } = result
  if (exitCode === undefined || (exitCode !== 0 && !options.anyExit)) {
    const why = ('shortMessage' in result && String(result.shortMessage)) || `${command} failed`
    const last = stderr.trim().split('\n').at(-1) ?? ''
    throw new InfraError(`${why}${last && `: ${last}`}`, undefined, { cause: result })
  }
  return { stdout, stderr, exitCode }
}

/** Start a child whose streams the caller handles; it is killed when this process ends normally. */
export function startProcess(command: string, args: readonly string[], options: Options = {}) {
  return execa(command, args, { ...options, reject: false, buffer: false })
}
