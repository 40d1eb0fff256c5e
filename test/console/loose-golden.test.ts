/** Recorded output of tests that speak no KTAP, or one of their own, as golden streams. */
import { readAnyTests } from '#console/ktap/reader.ts'
import { resultsOf } from '#verdict/suite/results.ts'
import { testGoldenLogs } from './golden.ts'

testGoldenLogs('loose', '.log', (raw) => {
  const stream = readAnyTests(raw)
  const exit = { code: 0, signal: null, timedOut: false, seconds: 1 }
  const problems = [...stream.problems, ...stream.documents.flatMap((document) => document.problems)]
  return [
    ...resultsOf(stream, { kind: 'exited', exit }, 'reports').map(
      ({ test, status, reason }) => `RESULT: ${status} ${JSON.stringify(test)}${reason && ` (${reason})`}`,
    ),
    ...problems.map(({ kind, line, message }) => `PROBLEM: ${kind}, line ${line ?? '-'}: ${message}`),
  ]
})
