/** A document as its lines say it: nothing counted, nothing judged. */
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import type { PlanLine } from './line.ts'
import { createLineBuffer, type LineBuffer } from './line-buffer.ts'
import { NumberSet } from './numbers.ts'
import { createProblemList, type ProblemList } from './problems.ts'

/** A result while its document is read: the point it will be. A stream can have millions: one object of each is enough. */
export type Draft = { -readonly [Field in keyof TestPoint]: TestPoint[Field] }

/** What few results have besides. */
export interface Extra {
  readonly unknown: string | null
  readonly badNumber: string | null
  readonly children: readonly RawDocument[]
}

/** The number of a draft whose line has none. */
export const NO_NUMBER = -1

export interface RawDocument {
  /** What each of its lines begins with, inside its parent: blanks, or the `# ` of the kselftest runner. */
  indent: string
  name: string
  /** It announced itself with a version line or `# Subtest`. */
  headed: boolean
  plan: PlanLine | null
  /** Results that came before the plan. */
  beforePlan: number
  bailOut: string | null
  readonly results: Draft[]
  /** By the index of the result. */
  readonly extras: Map<number, Extra>
  /** Children whose own result line has not come. */
  waiting: RawDocument[]
  /** Lines since the last result: they belong to the next one. */
  readonly pending: LineBuffer
  /** Lines of the document as a whole. */
  readonly notes: LineBuffer
  readonly problems: ProblemList
  /** Indentation of the YAML block at hand, which belongs to the result above it. */
  yaml: string | null
  /** A version line or a plan that came once more: either the next document begins, or a forked child flushed its copy. */
  again: { readonly line: number; readonly version: boolean; plan: PlanLine | null } | null
  /** A child of the kselftest runner whose version line came without its `# `. */
  unmarked: boolean
  /** Results that were counted and not kept. */
  unlisted: { readonly counts: Map<TestStatus, number>; readonly numbers: NumberSet; total: number } | null
}

/** A document of which nothing has been read. */
export function createDocument(indent: string, name = ''): RawDocument {
  return {
    indent,
    name,
    headed: false,
    plan: null,
    beforePlan: 0,
    bailOut: null,
    results: [],
    extras: new Map(),
    waiting: [],
    pending: createLineBuffer(),
    notes: createLineBuffer(),
    problems: createProblemList(),
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

/** Results that came, kept or not. */
export function resultCount({ results, unlisted }: RawDocument): number {
  return results.length + (unlisted?.total ?? 0)
}

/** Count a result that is not kept; without a number its place is its number. */
export function countUnlisted(document: RawDocument, status: TestStatus, number: number | null): void {
  document.unlisted ??= { counts: new Map(), numbers: new NumberSet(), total: 0 }
  const { counts, numbers } = document.unlisted
  document.unlisted.total += 1
  counts.set(status, (counts.get(status) ?? 0) + 1)
  numbers.add(number ?? document.results.length + document.unlisted.total)
}

/** Diagnostics of a result with one more: the empty array is shared, and a flood under one result must stay linear. */
export function appended(diagnostics: readonly string[], line: string): readonly string[] {
  if (diagnostics.length === 0) return [line]
  ;(diagnostics as string[]).push(line)
  return diagnostics
}
