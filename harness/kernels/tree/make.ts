/** make in a kernel tree: its progress told, its log kept, and what went wrong found in it. */
import { createWriteStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { InfraError, UserError } from '#domain/errors.ts'
import { startProcess } from '#harness/support/process.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'
import { ccacheEnvironment } from './ccache.ts'

/** A source that does not build: its fault, and nothing about this machine or what was asked for. */
export class BuildFailure extends UserError {}

export interface MakeJob {
  /** For people: whose build it is. */
  readonly label: string
  /** The source; what is built goes to its folder `build`. */
  readonly tree: string
  /** Held by make and all its children, so that a tree is free only when the last of them is gone. */
  readonly lock: string
  /** File that all output is added to. */
  readonly log: string
  /** Objects that it will take, as far as can be told; null where nothing can. */
  readonly expected: number | null
}

/** Objects between two lines of a log. */
const STEP = 100

/** The same source gives the same bytes, whoever builds it where and when; nothing of the caller's kernel work leaks in. */
export const BUILD_ENVIRONMENT = {
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
}

/**
 * Run make with these targets and give the number of objects that it made. Throws BuildFailure with the first complaint of the
 * compiler, InfraError when the disk is full or somebody killed the compiler.
 * However this process ends, make and its children end too: each is told when its parent is gone.
 */
export async function runMake(job: MakeJob, targets: readonly string[], context: KernelContext): Promise<number> {
  context.signal?.throwIfAborted()
  const jobs = context.buildJobs ?? availableParallelism()
  const make = ['setpriv', '--pdeathsig', 'TERM', 'make', '-C', job.tree, 'O=build', `-j${jobs}`, ...targets]
  const child = startProcess('setpriv', ['--pdeathsig', 'TERM', 'flock', '--exclusive', job.lock, ...make], {
    stdin: 'ignore',
    all: true,
    env: { ...BUILD_ENVIRONMENT, ...(await ccacheEnvironment(context.workspace)) },
    ...(context.signal === undefined ? {} : { cancelSignal: context.signal }),
  })
  const log = createWriteStream(job.log, { flags: 'a' })
  const complaints: string[] = []
  const started = performance.now()
  let objects = 0
  for await (const line of createInterface({ input: child.all as Readable })) {
    log.write(`${line}\n`)
    if (isComplaint(line)) complaints.push(line)
    const object = objectOf(line)
    if (object !== null) tell(job, ++objects, object, started, context)
  }
  const { exitCode } = await child
  log.end()
  await finished(log)
  context.signal?.throwIfAborted()
  if (exitCode === 0) {
    if (objects > 0) reportProgress(context, job.label, `built ${objects} objects in ${formatSpan(performance.now() - started)}`)
    return objects
  }
  const why = complaints[0] ?? `make ended with ${exitCode ?? 'a signal'}`
  if (complaints.some((line) => line.includes('No space left'))) {
    throw new InfraError(`no space left to build ${job.label}`, 'free some space or set KWITNESS_CACHE')
  }
  if ((exitCode ?? 255) > 128 || complaints.some((line) => KILLED.test(line))) {
    throw new InfraError(`the build of ${job.label} was killed: ${why}`, `out of memory? The whole log: ${job.log}`)
  }
  throw new BuildFailure(`${job.label} does not build: ${why}`, `the whole log: ${job.log}`)
}

/** One more object is under way. */
function tell(job: MakeJob, objects: number, object: string, started: number, { progress }: KernelContext): void {
  const all = job.expected === null ? '' : ` of about ${Math.max(job.expected, objects)}`
  const message = `building: ${objects}${all} objects, ${formatSpan(performance.now() - started)}, now ${object}`
  const transient = objects % STEP === 0 ? {} : { transient: true as const }
  progress?.({ kernel: job.label, message, doneBytes: null, totalBytes: null, ...transient })
}

/** Milliseconds as minutes and seconds. */
function formatSpan(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** The object that a line of a build's output says is being made; null when it says something else. */
function objectOf(line: string): string | null {
  return /^ {2}(?:CC|AS)(?: \[M\])?\s+(\S+\.o)$/.exec(line)?.[1] ?? null
}

const COMPLAINTS = [
  /: (?:fatal )?error: /,
  /: undefined reference to /,
  /^(?:ld|error|objtool): /,
  /No space left/,
  /^make(?:\[\d+\])?: \*\*\* /,
]

/** The compiler, or make of a child: somebody ended it. */
const KILLED = /: fatal error: Killed signal|^make(?:\[\d+\])?: \*\*\* .*(?:Killed|Terminated|Error 1(?:37|43))/

/** Whether a line of a build's output says what went wrong: the compiler, the linker, or make itself. */
export function isComplaint(line: string): boolean {
  return COMPLAINTS.some((pattern) => pattern.test(line))
}
