/** Every row of the KTAP table and every dialect, as golden streams. */
import type { TestPoint, TestStream } from '#domain/tests.ts'
import { readTests } from '#console/ktap/reader.ts'
import { testGoldenLogs } from './golden.ts'

testGoldenLogs('ktap', '.tap', (raw, options) => labels(readTests(raw, { endMarker: options.includes('endMarker') })))

function labels(stream: TestStream): string[] {
  return [
    ...stream.documents.flatMap((document) => [
      `DOCUMENT: planned ${document.planned ?? 'nothing'}`,
      ...(document.skipAll === null ? [] : [`SKIP-ALL: ${document.skipAll}`]),
      ...(document.bailOut === null ? [] : [`BAIL-OUT: ${document.bailOut}`]),
      ...document.points.flatMap((point) => pointLabels(point, '')),
      ...document.diagnostics.map((line) => `NOTE: ${line}`),
      ...document.problems.map(problemLabel),
    ]),
    ...stream.problems.map((problem) => `STREAM-${problemLabel(problem)}`),
  ]
}

function pointLabels(point: TestPoint, parent: string): string[] {
  const number = `${parent}${point.number}`
  const reason = point.reason === '' ? '' : ` (${point.reason})`
  return [
    `POINT: ${number} ${point.status} ${JSON.stringify(point.name)}${reason}`,
    ...point.diagnostics.map((line) => `DIAGNOSTIC: ${number} ${line}`),
    ...point.children.flatMap((child) => pointLabels(child, `${number}.`)),
  ]
}

function problemLabel({ kind, line, message }: TestStream['problems'][number]): string {
  return `PROBLEM: ${kind}, line ${line ?? '-'}: ${message}`
}
