/** What a store could not give back of a run, for people. */
import type { StoreProblem } from '#store/ports.ts'

/** A line on stderr for each problem. */
export function printProblems(problems: readonly StoreProblem[]): void {
  for (const { attempt, message } of problems) console.error(`kwitness: ${attempt}: ${message}`)
}
