/** Read a log of any kind as it comes: a console, test output, or both in one, in memory bounded whatever its length. */
import type { LogReading } from '#domain/report/log.ts'
import type { TestDocument, TestPoint, TestStatus } from '#domain/tests.ts'
import { resolveDocument } from '../ktap/document.ts'
import { LooseReader } from '../ktap/loose.ts'
import { wasSeen } from '../ktap/missing.ts'
import { countByStatus, NO_NUMBER, resultCount, type RawDocument } from '../ktap/raw.ts'
import { DocumentTree } from '../ktap/tree.ts'
import { createLineReader, type OnLine } from '../lines.ts'
import { SplatFinder } from '../splat/finder.ts'
import { createTap14Checker } from '../tap14.ts'

/** Results kept of one file. */
const MAX_RESULTS = 20_000

/** Documents kept of one file. */
const MAX_DOCUMENTS = 2000

/** Documents that one document may have inside, however many have been read. */
const MIN_INSIDE = 1000

const STATUSES: readonly TestStatus[] = ['pass', 'fail', 'skip', 'todo', 'xfail', 'timeout', 'error', 'not-reported']

export interface LogReader {
  push(chunk: Uint8Array): void
  finish(): Omit<LogReading, 'source' | 'compression'>
}

/** A reader of one file; `strict`: a stream of plain TAP is held against TAP 14 besides. */
export function createLogReader({ strict = false }: { readonly strict?: boolean } = {}): LogReader {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<TestStatus, number>
  const tally: Tally = { counts, total: 0 }
  const documents: TestDocument[] = []
  let unlisted = 0
  let bytes = 0
  let hasKernelLog = false
  const finder = new SplatFinder(1)
  const loose = new LooseReader({ bounded: true })
  const checker = strict ? createTap14Checker() : null
  const tree = new DocumentTree({ onDocument: take, maxResults: MAX_RESULTS, endless: true })

  function take(raw: RawDocument): void {
    const { room } = raw
    const isKept = documents.length < MAX_DOCUMENTS && (documents.length === 0 || room.documents >= MIN_INSIDE)
    if (!isKept) {
      // Of what is not kept, only the statuses count, and its documents make room for others.
      room.problems = 0
      room.text = -1
      room.documents = Math.max(room.documents, MIN_INSIDE)
      if (isBare(raw)) return
    }
    if (!isKept && isFlat(raw)) {
      for (const point of raw.results) count(point, tally)
      unlisted += raw.results.length + countByStatus(raw, counts)
      return
    }
    const document = resolveDocument(raw)
    if (!says(document)) return
    unlisted += countByStatus(raw, counts)
    const before = tally.total
    for (const point of document.points) countPoint(point, tally)
    if (isKept) documents.push(document)
    else unlisted += tally.total - before
  }

  const onLine: OnLine = (line, number, stamped) => {
    hasKernelLog ||= stamped || line.startsWith('Linux version ')
    // What a test says of itself is not the kernel's word, and a `# ` before it is not a prompt.
    if (stamped || !line.startsWith('#')) finder.line(line, number, stamped)
    tree.line(line, number)
    checker?.line(line, number)
    // systemd marks what it starts as some tests mark what they ran.
    if (!hasKernelLog && !tree.hasSpoken) loose.line(line, number)
  }
  const lines = createLineReader(onLine)

  return {
    push(chunk) {
      bytes += chunk.length
      lines.push(chunk)
    },
    finish() {
      const { lines: lineCount, badBytes, droppedMessages, cutLines } = lines.finish()
      tree.finish()
      const other = hasKernelLog || documents.length > 0 ? null : loose.finish(0)
      if (other) for (const point of other.points) countPoint(point, tally)
      const { splats, extraBanners: restarts } = finder.finish()
      return {
        bytes,
        lines: lineCount,
        dialect: other ? 'loose' : documents.length > 0 ? 'ktap' : null,
        hasKernelLog,
        documents: other ? [other] : documents,
        problems: checker?.finish() ?? [],
        counts,
        unlisted,
        splats,
        lost: { droppedMessages, badBytes, cutLines },
        restarts,
      }
    },
  }
}

/** Whether a document said anything as KTAP: text of a console alone is not one. */
function says({ planned, bailOut, points, problems }: TestDocument): boolean {
  return planned !== null || bailOut !== null || points.some(wasSeen) || problems.some(({ kind }) => kind === 'missing-result')
}

/** Whether a document has no results, and none that never came. */
function isBare(raw: RawDocument): boolean {
  return resultCount(raw) === 0 && raw.waiting.length === 0 && (raw.plan?.last ?? 0) === 0
}

/** Whether a document has results and nothing else that counts: none inside others, none that never came. */
function isFlat(raw: RawDocument): boolean {
  const { results, ownNumbers, plan, extras, waiting, unlisted } = raw
  const came = resultCount(raw)
  if (came === 0 || extras !== null || waiting.length > 0 || (plan !== null && plan.last !== came)) return false
  const isInOrder = unlisted === null || unlisted.numbers.isRun(results.length + 1, came)
  return isInOrder && ownNumbers.every(isAt)
}

const isAt = (number: number, index: number) => number === NO_NUMBER || number === index + 1

/** Results by status, and how many they are. */
interface Tally {
  readonly counts: Record<TestStatus, number>
  total: number
}

function count({ status }: TestPoint, tally: Tally): void {
  tally.counts[status] += 1
  tally.total += 1
}

/** Count the innermost results; a parent that fails over children that all passed counts itself. */
function countPoint(point: TestPoint, tally: Tally): void {
  if (point.children.length === 0) return count(point, tally)
  const { counts } = tally
  const before = counts.fail + counts.error + counts.timeout + counts['not-reported']
  for (const child of point.children) countPoint(child, tally)
  const failed =
    point.status === 'fail' || point.status === 'error' || point.status === 'timeout' || point.status === 'not-reported'
  if (failed && before === counts.fail + counts.error + counts.timeout + counts['not-reported']) count(point, tally)
}
