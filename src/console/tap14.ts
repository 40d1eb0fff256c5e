/** Plain TAP held against its specification, by tap-parser: for who writes tests, not for the verdict about them. */
import { Parser } from 'tap-parser'
import type { TestProblem } from '#domain/tests.ts'

/** What is checked of a stream: tap-parser is ten times slower than our own readers, and holds all it has read. */
const MAX_UNITS = 4 << 20

/** Problems listed; the rest is counted. */
const MAX_PROBLEMS = 50

const TAP_VERSION = /^TAP version 1[34]\s*$/
const KTAP_VERSION = /^[\s#]*KTAP version /

export interface Tap14Checker {
  /** Take a cleaned line with its 1-based number. */
  line(line: string, number: number): void
  /** What breaks the specification, in order; nothing where the stream is not plain TAP. */
  finish(): TestProblem[]
}

/**
 * A checker of one stream. It is plain TAP if its first line says `TAP version 13` or `14` and no line `KTAP version`: the
 * dialects of kernel tests differ from TAP on purpose.
 */
export function createTap14Checker(): Tap14Checker {
  const problems: TestProblem[] = []
  let more = 0
  let units = 0
  /** Undefined before the first line, null where the stream is not plain TAP, or is checked no further. */
  let root: Parser | null | undefined
  let isPlain = false
  let now = 0

  function report(message: string): void {
    if (problems.length < MAX_PROBLEMS) problems.push({ kind: 'protocol', message: `TAP 14: ${message}`, line: now || null })
    else more += 1
  }

  /** How much a parser and each of its children had to say when it was looked at last. */
  const seen = new Map<Parser, number>()

  function watch(parser: Parser): Parser {
    seen.set(parser, 0)
    parser.on('child', watch)
    parser.on('complete', () => {
      look(parser)
      seen.delete(parser)
    })
    return parser
  }

  /** Report the problems of a parser since the last look. A failed test is not one. */
  function look(parser: Parser): void {
    const { failures } = parser
    for (const failure of failures.slice(seen.get(parser))) if (failure.tapError) report(String(failure.tapError))
    seen.set(parser, failures.length)
  }

  return {
    line(line, number) {
      if (root === null) return
      now = number
      if (root === undefined) {
        if (line === '') return
        isPlain = TAP_VERSION.test(line)
        root = isPlain ? watch(new Parser({ strict: true })) : null
      } else if (KTAP_VERSION.test(line)) isPlain = false
      units += line.length + 1
      if (!isPlain || units > MAX_UNITS) {
        if (isPlain) report('what follows is not checked')
        root = null
      }
      root?.write(`${line}\n`)
      for (const parser of seen.keys()) look(parser)
    },
    finish() {
      if (root) {
        now = 0
        root.end()
      }
      if (!isPlain) return []
      if (more > 0) problems.push({ kind: 'protocol', message: `TAP 14: ${more} more problems are not listed`, line: null })
      return problems
    },
  }
}
