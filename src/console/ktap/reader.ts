/** The readers of test output: any dialect of TAP and KTAP that kernel tests print, into one tree, and loose text besides. */
import type { TestDocument, TestProblem, TestStream } from '#domain/tests.ts'
import { createLineReader } from '../lines.ts'
import { resolveDocument } from './document.ts'
import { LooseReader } from './loose.ts'
import { nameOf, wasSeen } from './missing.ts'
import { countOfUnlisted, type RawDocument } from './raw.ts'
import { DocumentTree } from './tree.ts'

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
  return readStream(text, options.endMarker ?? false, null)
}

/** Read tests in whatever dialect: KTAP where there is any, else loose text. Nothing is thrown, nothing dropped in silence. */
export function readAnyTests(output: Uint8Array): TestStream {
  return readStream(output, false, new LooseReader())
}

/** Read loose text; null where nothing in it looks like a result. */
export function readLoose(output: Uint8Array): TestDocument | null {
  const loose = new LooseReader()
  const reader = createLineReader((line, number) => loose.line(line, number))
  reader.push(output)
  const { badBytes } = reader.finish()
  return loose.finish(badBytes)
}

/** Results kept of one stream: no suite has so many, and a flood of the smallest must cost no more than its bytes. */
const MAX_RESULTS = 100_000

function readStream(text: string | Uint8Array, endMarker: boolean, loose: LooseReader | null): TestStream {
  const documents: TestDocument[] = []
  let unlisted = 0
  const take = (raw: RawDocument) => {
    documents.push(resolveDocument(raw))
    unlisted += countOfUnlisted(raw)
  }
  const tree = new DocumentTree({ onDocument: take, maxResults: MAX_RESULTS })
  let ended = false
  let lastLine = 0
  const reader = createLineReader((line, number) => {
    lastLine = number
    if (line === END_MARKER) ended = true
    else tree.line(line, number)
    if (loose !== null && !tree.hasSpoken) loose.line(line, number)
  })
  reader.push(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  const { badBytes, cutLines } = reader.finish()
  tree.finish()

  const problems: TestProblem[] = []
  const said = documents.some(({ points, skipAll }) => skipAll !== null || points.some(wasSeen))
  const other = tree.hasSpoken ? null : (loose?.finish(badBytes) ?? null)
  if (!said && !other) problems.push({ kind: 'no-tests', message: 'no test in the whole output', line: null })
  if (endMarker && !ended) {
    const last = documents.at(-1)?.points.findLast(wasSeen)
    const seen = last ? `after ${nameOf(last)}` : 'before any result'
    problems.push({ kind: 'cut-stream', message: `the output ends ${seen}, without its end marker`, line: lastLine || null })
  }
  if (badBytes > 0) problems.push({ kind: 'protocol', message: `${badBytes} bytes are not valid UTF-8`, line: null })
  if (unlisted > 0) problems.push({ kind: 'protocol', message: `${unlisted} more results are not listed`, line: null })
  if (cutLines > 0) problems.push({ kind: 'protocol', message: `${cutLines} lines are longer than is kept`, line: null })
  return { documents: other ? [other] : documents, problems }
}
