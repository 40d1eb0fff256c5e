/** Long logs for a report: cut in the middle, with a line that says how much is missing, and line numbers mapped. */

const HEAD = 600
const TAIL = 900

export interface TruncatedLog {
  readonly lines: readonly string[]
  /** The number (1-based) in `lines` of a line of the whole log; of a line that was cut out, that of the cut. */
  readonly line: (number: number) => number
}

/** Truncate a log when it is long. */
export function createLogTruncator(all: readonly string[]): TruncatedLog {
  const cut = all.length - HEAD - TAIL - 1
  if (cut <= 0) return { lines: all, line: (number) => number }
  const note = `[kwitness: ${cut + 1} lines are left out here; the store has them]`
  return {
    lines: [...all.slice(0, HEAD), note, ...all.slice(all.length - TAIL)],
    line: (number) => (number <= HEAD ? number : Math.max(HEAD + 1, number - cut)),
  }
}
