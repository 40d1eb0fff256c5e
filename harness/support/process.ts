/** Child processes: the only importer of execa. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createRequire } from 'node:module'
import type * as execa from 'execa'
import { InfraError } from '#domain/errors.ts'
import { buildEnvironment, childEnvironment } from './environment.ts'
import { systemHint } from './workspace.ts'

export interface Finished {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface RunOptions {
  readonly cwd?: string
  /** On top of what a child inherits (environment.ts). */
  readonly env?: Readonly<Record<string, string>>
  /** It is make, which inherits the least. */
  readonly isBuild?: boolean
  readonly input?: string | Uint8Array
  /** A descriptor that becomes its standard input, which then outlives this process. */
  readonly inputFd?: number
  /** Return the output byte for byte: one character per byte (latin1), the last line break included. */
  readonly bytes?: boolean
  /** After this many milliseconds the child is killed and runCommand throws InfraError. */
  readonly timeoutMs?: number
  /** Return any exit code; without it, runCommand throws for every code but 0. */
  readonly anyExit?: boolean
  /** Kills the child when it is aborted; runCommand then throws InfraError. */
  readonly signal?: AbortSignal | undefined
}

let loaded: typeof execa | undefined

/** The package, loaded with the first child: that takes a third of the time in which a command that starts none is ready. */
function loadExeca(): typeof execa {
  loaded ??= createRequire(import.meta.url)('execa') as typeof execa
  return loaded
}

/** What to do about a command that did not start. */
function hintFor(code: unknown): string | undefined {
  return code === 'ENOENT' ? 'kwitness doctor shows what is missing' : systemHint(String(code))
}

/** execa takes a descriptor, as its documentation says; its types know 0 alone. */
const stdinOf = ({ inputFd }: RunOptions) => (inputFd ?? 'ignore') as 'ignore'

/**
 * Run a command to its end and return its output and exit code.
 * Throws InfraError when the command does not start, exceeds its time limit or (without anyExit) exits non-zero. The message
 * names the command and ends with the last line of its stderr.
 */
export async function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const result = await loadExeca().execa(command, args, {
    reject: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: (options.isBuild ? buildEnvironment : childEnvironment)(options.env),
    extendEnv: false,
    ...(options.bytes === true ? { encoding: 'latin1' as const, stripFinalNewline: false } : {}),
    ...(options.input === undefined ? { stdin: stdinOf(options) } : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    maxBuffer: 256 * 1024 * 1024,
  })
  const { stdout, stderr, exitCode } = result
  if (exitCode === undefined || (exitCode !== 0 && !options.anyExit)) {
    const summary = ('shortMessage' in result && String(result.shortMessage).split('\n')[0]) || `${command} failed`
    const last = stderr.trim().split('\n').at(-1) ?? ''
    throw new InfraError(`${summary}${last && `: ${last}`}`, hintFor('code' in result ? result.code : undefined), {
      cause: result,
    })
  }
  return { stdout, stderr, exitCode }
}

/** Start a child whose streams the caller reads; `isBuild` as for runCommand. execa kills it when this process exits normally. */
export function startProcess(
  command: string,
  args: readonly string[],
  { isBuild = false, ...options }: execa.Options & Pick<RunOptions, 'isBuild'> = {},
) {
  const env = (isBuild ? buildEnvironment : childEnvironment)(options.env)
  return loadExeca().execa(command, args, { ...options, env, extendEnv: false, reject: false, buffer: false })
}

/**
 * Start a child with pipes and in a process group of its own, which outlives this process. Where it does not start it emits
 * `error`; what cannot be the words of a program is thrown. Nothing of execa: hundreds are started one after the other.
 */
export function startDetached(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(command, args, { detached: true, stdio: 'pipe', env: childEnvironment() })
}
