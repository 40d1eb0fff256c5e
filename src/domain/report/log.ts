/** What `kwitness read` finds in a file: results of tests and reports of the kernel, whatever the file is. */
import type { Splat } from '../splat.ts'
import type { TestDocument, TestProblem, TestStatus } from '../tests.ts'

/** Results by status, each counted once at the innermost level, where a test has no tests below it. */
type StatusCounts = Readonly<Record<TestStatus, number>>

export interface LogReading {
  /** The path as it was given, `-` for standard input. */
  readonly source: string
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** Bytes read, after decompression. */
  readonly bytes: number
  readonly lines: number
  /** What the tests speak, or null where the file holds no results. */
  readonly dialect: 'ktap' | 'loose' | null
  /** Whether lines of a kernel were seen: its banner, or printk's stamps. */
  readonly hasKernelLog: boolean
  readonly documents: readonly TestDocument[]
  /** What breaks the TAP specification, where that was asked. */
  readonly problems: readonly TestProblem[]
  readonly counts: StatusCounts
  /** Results that are in `counts` and not in `documents`: a stream can hold more than memory does. */
  readonly unlisted: number
  readonly splats: readonly Splat[]
  readonly lost: {
    /** printk messages that the kernel says it dropped. */
    readonly droppedMessages: number
    /** Bytes that are not valid UTF-8. */
    readonly badBytes: number
    /** Lines longer than is kept. */
    readonly cutLines: number
  }
  /** Times the kernel started again. */
  readonly restarts: number
}

/** All files of one command. */
export interface LogReport {
  readonly schema: 'kwitness.log.1'
  readonly files: readonly LogReading[]
}

const FAILED: readonly TestStatus[] = ['fail', 'error', 'timeout', 'not-reported']
const DECIDING: readonly TestProblem['kind'][] = ['no-tests', 'missing-result', 'cut-stream']

/** Whether a status is a failure. */
export function isFailure(status: TestStatus): boolean {
  return FAILED.includes(status)
}

/** Whether a report of the kernel makes a file fail: all but notices. */
export function isDeciding({ severity }: Splat): boolean {
  return severity !== 'notice'
}

/** Whether a file shows a failure: of a test, of the stream, or of the kernel. */
export function hasFailed({ counts, documents, problems: own, splats, restarts }: LogReading): boolean {
  return (
    own.length > 0 ||
    FAILED.some((status) => counts[status] > 0) ||
    documents.some(({ bailOut, problems }) => bailOut !== null || problems.some(({ kind }) => DECIDING.includes(kind))) ||
    splats.some(isDeciding) ||
    restarts > 0
  )
}

/** Whether a file holds nothing that kwitness reads. */
export function isEmptyReading({ dialect, hasKernelLog, splats }: LogReading): boolean {
  return dialect === null && !hasKernelLog && splats.length === 0
}
