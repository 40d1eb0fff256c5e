/** The problems of one document, bounded: a stream of one mistake repeated must not hide the others, nor fill the memory. */
import type { TestPoint, TestProblem } from '#domain/tests.ts'
import type { PlanLine } from './line.ts'
import { nameOf } from './missing.ts'
import { keptText, type Room } from './room.ts'

/** Problems of one kind listed of one document. */
const MAX_OF_A_KIND = 50

/** Longest message kept: it can quote a name, and a name can be as long as a line. */
const MAX_MESSAGE = 1000

interface ProblemList {
  /** How many came of each kind. */
  readonly counts: Partial<Record<TestProblem['kind'], number>>
  readonly kept: TestProblem[]
  more: number
}

const NO_COUNTS: ProblemList['counts'] = {}
const NO_PROBLEMS: TestProblem[] = []

/** Something with problems, of a stream with room for so many. */
export interface Problematic {
  readonly room: Room
  /** Null while there is none. */
  problems: ProblemList | null
}

/** Add a problem, or count it where there are too many. The message is asked for only where it is kept. */
export function addProblem(to: Problematic, kind: TestProblem['kind'], message: () => string, line: number | null): void {
  if (to.room.problems <= 0) return countProblems(to, 1)
  to.problems ??= { counts: {}, kept: [], more: 0 }
  const { counts, kept } = to.problems
  const count = (counts[kind] ?? 0) + 1
  counts[kind] = count
  if (count <= MAX_OF_A_KIND) {
    to.room.problems -= 1
    kept.push({ kind, message: keptText(to.room, message().slice(0, MAX_MESSAGE)), line })
  } else to.problems.more += 1
}

/** Count problems where there is no room for any. */
function countProblems(to: Problematic, count: number): void {
  // There is never room again: what came of each kind does not matter, and the empty lists are shared.
  to.problems ??= { counts: NO_COUNTS, kept: NO_PROBLEMS, more: 0 }
  to.problems.more += count
}

/** Add the problems of what stands under a point to those of the document that has the point. */
export function passProblems(from: Problematic, to: Problematic, point: TestPoint): void {
  if (from.problems === null) return
  const { kept, more } = from.problems
  if (to.room.problems <= 0) countProblems(to, kept.length + Math.min(more, 1))
  else for (const problem of problemsOf(from)) passProblem(problem, to, point)
}

function passProblem({ kind, message, line }: TestProblem, to: Problematic, point: TestPoint): void {
  addProblem(to, kind, () => `in ${nameOf(point)}: ${message}`, line)
}

/** Whether there is no room for a problem of a kind; it is counted then. No message has to be made for it. */
export function isOnlyCounted(to: Problematic, kind: TestProblem['kind']): boolean {
  if (to.problems === null || (to.room.problems > 0 && (to.problems.counts[kind] ?? 0) < MAX_OF_A_KIND)) return false
  to.problems.more += 1
  return true
}

/** Add something that the protocol does not allow. */
export function protocol(to: Problematic, line: number, message: () => string): void {
  addProblem(to, 'protocol', message, line)
}

// The functions that read results and plans keep what they read in registers only where no message is made in them.

/** Add that a result came where a document had given up. */
export function addAfterBailOut(to: Problematic, name: string, line: number): void {
  addProblem(to, 'protocol', () => `a result after "Bail out!": ${name}`, line)
}

/** Add that a plan does not start at 1. */
export function addOddStart(to: Problematic, first: number, line: number): void {
  addProblem(to, 'protocol', () => `a plan that starts at ${first}`, line)
}

/** Add that a plan came while results of the one before were still to come. */
export function addSecondPlan(to: Problematic, { first, last }: PlanLine, line: number): void {
  addProblem(to, 'protocol', () => `a second plan, ${first}..${last}, before the first was done`, line)
}

const TOO_MANY = () => 'more documents than are kept apart'

/** Add that there is no room for another document. */
export function addTooMany(to: Problematic, line: number): void {
  addProblem(to, 'protocol', TOO_MANY, line)
}

/** Add that documents are nested deeper than `depth`. */
export function addTooDeep(to: Problematic, line: number, depth: number): void {
  addProblem(to, 'protocol', () => `nested deeper than ${depth} documents`, line)
}

/** All that were kept, and a last one for the rest. */
export function problemsOf({ problems }: Problematic): TestProblem[] {
  if (problems === null) return []
  const { kept, more } = problems
  // An array that was pushed to has room for 16 more, and a stream can have as many documents as lines.
  return more === 0 ? kept.slice() : [...kept, { kind: 'protocol', message: `${more} more problems are not listed`, line: null }]
}
