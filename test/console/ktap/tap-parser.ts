/** tap-parser's one door: the numbering and counting rules of TAP 14, asked with a document distilled to its bare results. */
import { Parser, type Result } from 'tap-parser'

export interface BareResult {
  readonly ok: boolean
  readonly number: number | null
}

export interface TapAnswer {
  /** One for each result asked about, in order: its number, and what is wrong with it or null. */
  readonly points: readonly { readonly number: number; readonly problem: string | null }[]
  /** What is wrong with the document: `no plan`, `incorrect number of tests`. */
  readonly problems: readonly string[]
}

/**
 * Ask tap-parser about one document without names, diagnostics or nesting: those are dialect and stay on our side.
 * The plan comes first and a bail-out last, as TAP 14 wants them, so that no result is passed over.
 */
export function askTapParser(planned: number | null, results: readonly BareResult[], bailedOut: boolean): TapAnswer {
  const parser = new Parser()
  const points: { number: number; problem: string | null }[] = []
  parser.on('assert', (result: Result) => {
    // tap-parser gives 0 to a result without a number; its place is its number.
    points.push({ number: result.id || points.length + 1, problem: result.tapError })
  })
  parser.parse('TAP version 14\n')
  if (planned !== null && planned > 0) parser.parse(`1..${planned}\n`)
  for (const { ok, number } of results) parser.parse(`${ok ? 'ok' : 'not ok'}${number === null ? '' : ` ${number}`}\n`)
  if (bailedOut) parser.parse('Bail out!\n')
  parser.end()
  const problems = parser.failures.flatMap((failure) => (failure.tapError && !('id' in failure) ? [failure.tapError] : []))
  return { points, problems }
}
