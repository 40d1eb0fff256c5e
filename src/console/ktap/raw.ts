/** A document as its lines say it: nothing counted, nothing judged. */
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import { readLine, type PlanLine } from './line.ts'
import { append, createLineBuffer, type LineBuffer } from './line-buffer.ts'
import { NumberSet } from './numbers.ts'
import type { Problematic } from './problems.ts'
import { keptText, type Room } from './room.ts'

/** A result while its document is read: the point it will be. A stream can have millions: one object of each is enough. */
export type Draft = { -readonly [Field in keyof TestPoint]: TestPoint[Field] }

/** What few results have besides. */
export interface Extra {
  /** Index of the result. */
  readonly index: number
  readonly unknown: string | null
  readonly badNumber: string | null
  readonly children: readonly RawDocument[]
}

/** The own number of a result whose line has none. */
export const NO_NUMBER = -1

export interface RawDocument extends Problematic {
  /** What each of its lines begins with, inside its parent: blanks, or the `# ` of the kselftest runner. */
  indent: string
  name: string
  /** It announced itself with a version line or `# Subtest`. */
  headed: boolean
  plan: PlanLine | null
  /** Results that came before the plan. */
  beforePlan: number
  bailOut: string | null
  results: Draft[]
  /** The numbers that the lines of results have: they are held against the plan, and nothing touches the results again. */
  ownNumbers: number[]
  /** One of them failed. */
  keptFailure: boolean
  /** In the order of results; null while there is none. */
  extras: Extra[] | null
  /** Children whose own result line has not come. */
  waiting: readonly RawDocument[]
  /** Lines since the last result: they belong to the next one. */
  readonly pending: LineBuffer
  /** Lines of the document as a whole. */
  readonly notes: LineBuffer
  /** Indentation of the YAML block at hand, which belongs to the result above it. */
  yaml: string | null
  /** A version line or a plan that came once more: either the next document begins, or a forked child flushed its copy. */
  again: { readonly line: number; readonly version: boolean; plan: PlanLine | null } | null
  /** A child of the kselftest runner whose version line came without its `# `. */
  unmarked: boolean
  /** Results that were counted and not kept: those that passed, and others by their status. */
  unlisted: { passed: number; others: Map<TestStatus, number> | null; readonly numbers: NumberSet; total: number } | null
}

const NO_DOCUMENTS: readonly RawDocument[] = []
const NO_EXTRAS: readonly Extra[] = []
/** Never changed: the first result of a document brings an array. */
const NO_RESULTS: Draft[] = []
const NO_NUMBERS: number[] = []

/** A document of which nothing has been read. */
export function createDocument(room: Room, indent: string, name = ''): RawDocument {
  return {
    room,
    indent,
    name,
    headed: false,
    plan: null,
    beforePlan: 0,
    bailOut: null,
    results: NO_RESULTS,
    ownNumbers: NO_NUMBERS,
    keptFailure: false,
    extras: null,
    waiting: NO_DOCUMENTS,
    pending: createLineBuffer(),
    notes: createLineBuffer(),
    problems: null,
    yaml: null,
    again: null,
    unmarked: false,
    unlisted: null,
  }
}

/** Whether nothing in it was said in KTAP. */
export function isEmpty(document: RawDocument): boolean {
  return !document.plan && document.bailOut === null && document.results.length === 0 && document.waiting.length === 0
}

/** Keep a result. Its number is that of its line, or its place where the line has none. */
export function addResult(document: RawDocument, draft: Draft): void {
  const own = draft.number
  if (own <= 0) draft.number = document.results.length + 1
  draft.name = keptText(document.room, draft.name)
  draft.reason = keptText(document.room, draft.reason)
  // A stream can have as many documents as lines, and an array that was pushed to has room for 16 more.
  if (document.results.length === 0) {
    document.results = [draft]
    document.ownNumbers = [own]
  } else {
    document.results.push(draft)
    document.ownNumbers.push(own)
  }
}

/** Results that came, kept or not. */
export function resultCount({ results, unlisted }: RawDocument): number {
  return results.length + (unlisted?.total ?? 0)
}

/** Count a result that is not kept; without a number its place is its number. */
export function countUnlisted(document: RawDocument, status: TestStatus, number: number | null): void {
  document.unlisted ??= { passed: 0, others: null, numbers: new NumberSet(), total: 0 }
  const { unlisted } = document
  unlisted.total += 1
  if (status === 'pass') unlisted.passed += 1
  else {
    unlisted.others ??= new Map()
    unlisted.others.set(status, (unlisted.others.get(status) ?? 0) + 1)
  }
  unlisted.numbers.add(number ?? document.results.length + unlisted.total)
}

/** Whether a result by itself failed. */
export function isFailure(status: TestStatus): boolean {
  return status === 'fail' || status === 'error' || status === 'timeout'
}

/**
 * Whether a result is the first one of its document, or the first that failed. A child keeps these whatever room there is: by
 * them it is counted in place of its parent.
 */
export function isFirst({ results, keptFailure }: RawDocument, status: TestStatus): boolean {
  return results.length === 0 || (!keptFailure && isFailure(status))
}

/** How many results were counted and not kept, of a document and those in it. */
export function countOfUnlisted({ unlisted, waiting, extras }: RawDocument): number {
  let count = unlisted?.total ?? 0
  for (const child of waiting) count += countOfUnlisted(child)
  for (const { children } of extras ?? NO_EXTRAS) for (const child of children) count += countOfUnlisted(child)
  return count
}

/** Add them to counts by their status, and return how many they are. */
export function countByStatus(document: RawDocument, counts: Record<TestStatus, number>): number {
  const { unlisted, waiting, extras } = document
  let count = 0
  if (unlisted !== null) {
    count += unlisted.total
    counts.pass += unlisted.passed
    if (unlisted.others !== null) for (const [status, more] of unlisted.others) counts[status] += more
  }
  for (const child of waiting) count += countByStatus(child, counts)
  if (extras !== null) for (const { children } of extras) for (const child of children) count += countByStatus(child, counts)
  return count
}

/** Add a child whose own result line has not come: the empty array is shared. */
export function addWaiting(document: RawDocument, child: RawDocument): void {
  if (document.waiting.length === 0) document.waiting = [child]
  else (document.waiting as RawDocument[]).push(child)
}

/** Take the children that wait for their result. */
export function takeWaiting(document: RawDocument): readonly RawDocument[] {
  const { waiting } = document
  document.waiting = NO_DOCUMENTS
  return waiting
}

/** Diagnostics of one result, behind which lines go to its document, which keeps the first and the last. */
const MAX_DIAGNOSTICS = 1000

/** Add a line to what is said of the last result. */
export function addDiagnostic(document: RawDocument, line: string): void {
  const last = document.results.at(-1)!
  if (last.diagnostics.length >= MAX_DIAGNOSTICS || document.room.text < 0) append(document.notes, line)
  else {
    document.room.text -= line.length
    const own = keptText(document.room, line)
    // The empty array is shared.
    if (last.diagnostics.length === 0) last.diagnostics = [own]
    else (last.diagnostics as string[]).push(own)
  }
}

/** Whether a line without a mark is the unmarked child's: it speaks KTAP and is not the parent's result of that child. */
export function isUnmarked(child: RawDocument, text: string): boolean {
  if (!child.unmarked || text.startsWith('#')) return false
  const said = readLine(text)
  return said.kind === 'result' ? said.name !== child.name : said.kind === 'plan' || said.kind === 'bailout'
}
