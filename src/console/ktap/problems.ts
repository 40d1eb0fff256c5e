/** The problems of one document, bounded: a stream of one mistake repeated must not hide the others, nor fill the memory. */
import type { TestProblem } from '#domain/tests.ts'

/** Problems of one kind listed of one document. */
const MAX_OF_A_KIND = 50

export interface ProblemList {
  add(kind: TestProblem['kind'], message: string, line: number | null): void
  /** All that were kept, and a last one for the rest. */
  all(): TestProblem[]
}

/** An empty list. */
export function createProblemList(): ProblemList {
  const counts = new Map<string, number>()
  const kept: TestProblem[] = []
  let more = 0
  return {
    add(kind, message, line) {
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count <= MAX_OF_A_KIND) kept.push({ kind, message, line })
      else more += 1
    },
    all: () => (more === 0 ? kept : [...kept, { kind: 'protocol', message: `${more} more problems are not listed`, line: null }]),
  }
}
