/** Run make in a kernel tree: report its progress, write its log, and extract its errors. */
import { createWriteStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { InfraError, UserError } from '#domain/errors.ts'
import { publishOutput } from '#harness/support/live/output.ts'
import { startProcess } from '#harness/support/process.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import { ccacheEnvironment } from './ccache.ts'

/** The source does not build; neither this machine nor the request is at fault. */
export class BuildFailure extends UserError {}

/** A number of objects, which an incremental build may stay below by far. */
export interface ExpectedObjects {
  readonly count: number
  readonly isMost: boolean
}

export interface MakeJob {
  /** Name of the build in progress messages. */
  readonly label: string
  /** Folder of the source; objects go to its sub-folder `build`. */
  readonly tree: string
  /** Lock file that make and all its children hold, so that the tree stays locked until the last of them ends. */
  readonly lock: string
  /** File that all output is appended to. */
  readonly log: string
  /** How many objects it compiles; null when nobody knows. */
  readonly expected: ExpectedObjects | null
}

/** Objects between two progress lines of a log, and milliseconds after which there is one whatever make does. */
const LOG_INTERVAL = 100
const SILENCE_MS = 20_000

/** Reproducible builds: no time, user or host in the kernel, and no setting of the caller's environment. */
const BUILD_ENVIRONMENT = {
  LC_ALL: 'C',
  ARCH: 'x86_64',
  CROSS_COMPILE: '',
  LOCALVERSION: '',
  MAKEFLAGS: '',
  KCFLAGS: '',
  KBUILD_OUTPUT: '',
  KBUILD_BUILD_TIMESTAMP: '1970-01-01',
  KBUILD_BUILD_USER: 'kwitness',
  KBUILD_BUILD_HOST: 'kwitness',
  KBUILD_BUILD_VERSION: '1',
  // In whose time zone that day begins: the built-in initramfs holds it in seconds.
  TZ: 'UTC',
}

/** Options of each call of make. */
export const BUILD = { env: BUILD_ENVIRONMENT, isBuild: true } as const

/**
 * Run make with these targets and return the number of objects that it compiled. Throws BuildFailure with the first error of
 * the compiler, InfraError when the disk is full or the compiler was killed.
 * setpriv ends make and its children with their parent, however this process ends.
 */
export async function runMake(job: MakeJob, targets: readonly string[], context: KernelContext): Promise<number> {
  context.signal?.throwIfAborted()
  const jobs = context.buildJobs ?? availableParallelism()
  const make = ['setpriv', '--pdeathsig', 'TERM', 'make', '-C', job.tree, 'O=build', `-j${jobs}`, ...targets]
  const child = startProcess('setpriv', ['--pdeathsig', 'TERM', 'flock', '--exclusive', job.lock, ...make], {
    stdin: 'ignore',
    all: true,
    ...BUILD,
    env: { ...BUILD.env, ...(await ccacheEnvironment(context.workspace)) },
    ...(context.signal === undefined ? {} : { cancelSignal: context.signal }),
  })
  const log = createWriteStream(job.log, { flags: 'a' })
  const errors: string[] = []
  const started = performance.now()
  let objects = 0
  let last = ''
  const report = (isTransient: boolean): void => reportBuild(job, objects, last, { started, isTransient }, context)
  const ticking = setInterval(() => report(false), SILENCE_MS)
  try {
    for await (const line of createInterface({ input: child.all as Readable })) {
      log.write(`${line}\n`)
      publishOutput({ kernel: job.label, case: null, port: 'make', chunk: Buffer.from(`${line}\n`) })
      if (isErrorLine(line)) errors.push(line)
      const object = objectOf(line)
      if (object !== null) objects += 1
      last = object ?? line.trim()
      if (object !== null) report(objects % LOG_INTERVAL !== 0)
    }
  } finally {
    clearInterval(ticking)
  }
  const { exitCode } = await child
  log.end()
  await finished(log)
  context.signal?.throwIfAborted()
  if (exitCode === 0) {
    if (objects > 0)
      reportProgress(context, job.label, `built ${objects} objects in ${formatDuration(performance.now() - started)}`)
    return objects
  }
  const why = errors[0] ?? `make ended with ${exitCode ?? 'a signal'}`
  if (errors.some((line) => line.includes('No space left'))) {
    throw new InfraError(`no space left to build ${job.label}`, 'free some space or set KWITNESS_CACHE')
  }
  if ((exitCode ?? 255) > 128 || errors.some((line) => KILLED.test(line))) {
    throw new InfraError(`the build of ${job.label} was killed: ${why}`, `check for out of memory; the whole log: ${job.log}`)
  }
  throw new BuildFailure(`${job.label} does not build: ${why}`, `the whole log: ${job.log}`)
}

interface BuildMoment {
  /** Milliseconds of the monotonic clock. */
  readonly started: number
  /** The next report replaces this one. */
  readonly isTransient: boolean
}

/** Report how many objects make has compiled, of how many, and what it does now. */
function reportBuild(
  { label, expected }: MakeJob,
  objects: number,
  now: string,
  { started, isTransient }: BuildMoment,
  { progress }: KernelContext,
): void {
  const all = expected === null ? '' : ` of ${expected.isMost ? 'at most' : 'about'} ${Math.max(expected.count, objects)}`
  const message = `building: ${objects}${all} objects, ${formatDuration(performance.now() - started)}, now ${now || 'starting'}`
  progress?.({ kernel: label, message, doneBytes: null, totalBytes: null, ...(isTransient ? { transient: true } : {}) })
}

/** Milliseconds as minutes and seconds: `12:05`. */
function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The object that a line of build output names as compiled; null for any other line. */
function objectOf(line: string): string | null {
  return /^ {2}(?:CC|AS)(?: \[M\])?\s+(\S+\.o)$/.exec(line)?.[1] ?? null
}

const ERROR_PATTERNS = [
  /: (?:fatal )?error: /,
  /: undefined reference to /,
  /^(?:ld|error|objtool): /,
  /No space left/,
  /^make(?:\[\d+\])?: \*\*\* /,
]

/** A line that says somebody killed the compiler or a child of make. */
const KILLED = /: fatal error: Killed signal|^make(?:\[\d+\])?: \*\*\* .*(?:Killed|Terminated|Error 1(?:37|43))/

/** Whether a line of build output is an error of the compiler, the linker or make. */
export function isErrorLine(line: string): boolean {
  return ERROR_PATTERNS.some((pattern) => pattern.test(line))
}
