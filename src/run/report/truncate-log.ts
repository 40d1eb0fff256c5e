/** Long logs for a report: cut in the middle with a line that says how much, and line numbers that follow the cut. */

const HEAD = 600
const TAIL = 900

export interface TruncatedLog {
  readonly lines: readonly string[]
  /** Where a line of the whole log (1-based) stands in `lines`; a line that was cut out stands at the cut. */
  readonly line: (number: number) => number
}

/** Shorten a log when it is long. */
export function createLogTruncator(all: readonly string[]): TruncatedLog {
  const cut = all.length - HEAD - TAIL - 1
  if (cut <= 0) return { lines: all, line: (number) => number }
  const note = `[kwitness: ${cut + 1} lines are left out here; the store has them]`
  return {
    lines: [...all.slice(0, HEAD), note, ...all.slice(all.length - TAIL)],
    line: (number) => (number <= HEAD ? number : Math.max(HEAD + 1, number - cut)),
  }
}
