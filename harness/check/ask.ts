/** Ask one machine: run kwitness-check on it, read its stream as it comes, and say in a word what came of it. */
import { CheckReader, type CheckedCase, type CheckStream } from '#console/check/stream.ts'
import type { HostOutcome } from '#domain/report/host.ts'
import type { HostChangelog } from './changelog.ts'
import { publishOutput } from '../support/live/output.ts'
import type { CommandEnd, Transport } from '../transport/command/contract.ts'

/** What a machine answered. */
export interface HostAnswer {
  readonly outcome: HostOutcome
  /** Why it was not checked; null where it was. */
  readonly message: string | null
  readonly stream: CheckStream
  readonly seconds: number
}

/** What is asked. */
export interface CheckQuestion {
  /** Options of kwitness-check. */
  readonly options: readonly string[]
  /** Seconds that all cases may take together, and the longest of them alone. */
  readonly limitSeconds: number
  readonly longestSeconds: number
  readonly onCase: (one: CheckedCase) => void
  readonly signal?: AbortSignal | undefined
}

/** A machine as it was named, and how it is reached and asked. */
export interface Target {
  readonly host: string
  readonly ask: (question: CheckQuestion) => Promise<HostAnswer>
  /** The changelog of its kernel's package; null where it has none. */
  readonly changelog: (signal: AbortSignal | undefined) => Promise<HostChangelog | null>
  /** Have a person at the terminal say whether its host key is right; absent where it has none. */
  readonly introduce?: (signal: AbortSignal | undefined) => Promise<void>
}

/** Seconds that a machine under load may take on top of what cases take. */
const OVERHEAD_SECONDS = 20
const MAX_ERROR_BYTES = 2000

/** How a program is started on a machine. */
export interface StartedBy {
  readonly argv: readonly string[]
  /** The program itself, where it is not on the machine yet. */
  readonly input?: Uint8Array
}

/** Run kwitness-check over a transport, and classify how that ended. Throws the reason of an aborted signal. */
export async function askOver(transport: Transport, { argv, input }: StartedBy, question: CheckQuestion): Promise<HostAnswer> {
  const started = performance.now()
  const reader = new CheckReader(question.onCase)
  let errors = ''
  const end = await transport.run({
    argv,
    ...(input ? { input } : {}),
    holdsInput: true,
    onOutput: (chunk) => {
      publishOutput({ kernel: transport.name, case: null, port: 'output', chunk })
      reader.push(chunk)
    },
    onError: (chunk) => {
      publishOutput({ kernel: transport.name, case: null, port: 'stderr', chunk })
      errors = (errors + chunk.toString('utf8')).slice(-MAX_ERROR_BYTES)
    },
    limitSeconds: question.limitSeconds + OVERHEAD_SECONDS,
    silenceSeconds: question.longestSeconds + OVERHEAD_SECONDS,
    signal: question.signal,
  })
  question.signal?.throwIfAborted()
  const stream = reader.result()
  const seconds = (performance.now() - started) / 1000
  return { ...classify(end, stream, errors), stream, seconds }
}

type Classified = Pick<HostAnswer, 'outcome' | 'message'>

/** Exit status of the bootstrap of remote.ts for a machine on which no folder takes the program. */
const NO_PLACE = 74

/** What the end of kwitness-check and its stream mean. */
export function classify(end: CommandEnd, stream: CheckStream, errors: string): Classified {
  if (stream.isComplete) return { outcome: 'checked', message: null }
  const said = errors.trim().split('\n').at(-1) || stream.before.trim().split('\n').at(-1) || ''
  const after = stream.planned === null ? '' : ` after ${stream.cases.length} of ${stream.planned} cases`
  switch (end.kind) {
    case 'lost':
      return { outcome: 'lost', message: `the connection was lost${after}: ${end.message}` }
    case 'timed-out': {
      const what = end.limit === 'silence' ? 'it was silent' : 'it was not done'
      return { outcome: 'timed-out', message: `${what} for ${Math.round(end.seconds)} s${after}` }
    }
    case 'signalled':
      return { outcome: 'lost', message: `kwitness-check was killed by signal ${end.signal}${after}` }
    case 'aborted':
      return { outcome: 'lost', message: 'interrupted' }
    case 'exited':
      if (end.code === NO_PLACE) return { outcome: 'no-place', message: said }
      if (stream.problem !== null) return { outcome: 'not-understood', message: `it printed: ${stream.problem.slice(0, 200)}` }
      if (stream.planned !== null) {
        const why = stream.left.at(-1) ?? said
        return { outcome: 'lost', message: `kwitness-check stopped${after}${why && `: ${why}`}` }
      }
      return { outcome: 'not-understood', message: `exit status ${end.code}${said && `: ${said}`}` }
  }
}
