/** The problems of one document, bounded: a stream of one mistake repeated must not hide the others, nor fill the memory. */
import type { TestProblem } from '#domain/tests.ts'
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

/** Something with problems, of a stream with room for so many. */
export interface Problematic {
  readonly room: Room
  /** Null while there is none. */
  problems: ProblemList | null
}

/** Add a problem, or count it where there are too many. The message is asked for only where it is kept. */
export function addProblem(to: Problematic, kind: TestProblem['kind'], message: () => string, line: number | null): void {
  to.problems ??= { counts: {}, kept: [], more: 0 }
  const { counts, kept } = to.problems
  const count = (counts[kind] ?? 0) + 1
  counts[kind] = count
  if (count <= MAX_OF_A_KIND && to.room.problems > 0) {
    to.room.problems -= 1
    kept.push({ kind, message: keptText(to.room, message().slice(0, MAX_MESSAGE)), line })
  } else to.problems.more += 1
}

/** Add something that the protocol does not allow. */
export function protocol(to: Problematic, line: number, message: () => string): void {
  addProblem(to, 'protocol', message, line)
}

// The function that reads a result keeps what it reads in registers only where no message is made in it.

/** Add that a result came where a document had given up. */
export function addAfterBailOut(to: Problematic, name: string, line: number): void {
  addProblem(to, 'protocol', () => `a result after "Bail out!": ${name}`, line)
}

/** Add that a plan does not start at 1. */
export function addOddStart(to: Problematic, first: number, line: number): void {
  addProblem(to, 'protocol', () => `a plan that starts at ${first}`, line)
}

/** All that were kept, and a last one for the rest. */
export function problemsOf({ problems }: Problematic): TestProblem[] {
  if (problems === null) return []
  const { kept, more } = problems
  // An array that was pushed to has room for 16 more, and a stream can have as many documents as lines.
  return more === 0 ? kept.slice() : [...kept, { kind: 'protocol', message: `${more} more problems are not listed`, line: null }]
}
