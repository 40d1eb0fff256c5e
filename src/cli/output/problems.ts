/** What a store could not give back of a run, for people. */
import type { StoreProblem } from '#store/ports.ts'

const told = new Set<string>()

/** A line on stderr about a run that was left out, once for each. */
export function tellSkipped(text: string): void {
  if (!told.has(text)) console.error(`kwitness: ${text}`)
  told.add(text)
}

/** A line on stderr for each problem. */
export function printProblems(problems: readonly StoreProblem[]): void {
  for (const { attempt, message } of problems) console.error(`kwitness: ${attempt}: ${message}`)
}
