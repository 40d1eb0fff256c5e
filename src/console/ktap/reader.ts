/** The reader of a case's test output: any dialect of TAP and KTAP that kernel tests print, into one tree. */
import type { TestDocument, TestProblem, TestStream } from '#domain/tests.ts'
import { createLineReader } from '../lines.ts'
import { resolveDocument } from './document.ts'
import { nameOf, wasSeen } from './missing.ts'
import { createTree } from './tree.ts'

/** The last line of our own C programs, which separates a cut stream from a finished one. */
export const END_MARKER = '# kwitness: end of tests'

/**
 * Read test output: bytes as they came, or text. Guest text of any kind is data: nothing is thrown, nothing dropped in silence.
 *
 * Lines since the previous result belong to the next result, as KTAP has it; those after the last result belong to the
 * document; a YAML block (`  ---`) belongs to the result right above it. With `endMarker` the stream must hold END_MARKER,
 * else it has a `cut-stream` problem.
 */
export function readTests(text: string | Uint8Array, options: { readonly endMarker?: boolean } = {}): TestStream {
  const documents: TestDocument[] = []
  const tree = createTree({ onDocument: (raw) => documents.push(resolveDocument(raw)) })
  let ended = false
  let lastLine = 0
  const reader = createLineReader((line, number) => {
    lastLine = number
    if (line === END_MARKER) ended = true
    else tree.line(line, number)
  })
  reader.push(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  const { badBytes, cutLines } = reader.finish()
  tree.finish()

  const problems: TestProblem[] = []
  const said = documents.some(({ points, skipAll }) => skipAll !== null || points.some(wasSeen))
  if (!said) problems.push({ kind: 'no-tests', message: 'no test in the whole output', line: null })
  if (options.endMarker && !ended) {
    const last = documents.at(-1)?.points.findLast(wasSeen)
    const seen = last ? `after ${nameOf(last)}` : 'before any result'
    problems.push({ kind: 'cut-stream', message: `the output ends ${seen}, without its end marker`, line: lastLine || null })
  }
  if (badBytes > 0) problems.push({ kind: 'protocol', message: `${badBytes} bytes are not valid UTF-8`, line: null })
  if (cutLines > 0) problems.push({ kind: 'protocol', message: `${cutLines} lines are longer than is kept`, line: null })
  return { documents, problems }
}
