/** A document as its lines say it: nothing counted, nothing judged. */
import type { TestProblem } from '#domain/tests.ts'
import type { PlanLine, ResultLine } from './line.ts'
import { createLineBuffer, type LineBuffer } from './line-buffer.ts'

export interface RawResult {
  readonly said: ResultLine
  readonly line: number
  readonly diagnostics: string[]
  readonly children: readonly RawDocument[]
}

export interface RawDocument {
  /** What each of its lines begins with, inside its parent: spaces, or the `# ` of the kselftest runner. */
  readonly indent: string
  name: string
  /** It announced itself with a version line or `# Subtest`. */
  headed: boolean
  plan: PlanLine | null
  /** Results that came before the plan. */
  beforePlan: number
  bailOut: string | null
  readonly results: RawResult[]
  /** Children whose own result line has not come. */
  waiting: RawDocument[]
  /** Lines since the last result: they belong to the next one. */
  readonly pending: LineBuffer
  /** Lines of the document as a whole. */
  readonly notes: LineBuffer
  readonly problems: TestProblem[]
  /** Indentation of the YAML block at hand, which belongs to the result above it. */
  yaml: string | null
}

/** A document of which nothing has been read. */
export function createDocument(indent: string, name = ''): RawDocument {
  const nothing = { headed: false, plan: null, beforePlan: 0, bailOut: null, yaml: null }
  return {
    indent,
    name,
    ...nothing,
    results: [],
    waiting: [],
    pending: createLineBuffer(),
    notes: createLineBuffer(),
    problems: [],
  }
}

/** Whether nothing in it was said in KTAP. */
export function isEmpty(document: RawDocument): boolean {
  return !document.plan && document.bailOut === null && document.results.length === 0 && document.waiting.length === 0
}
