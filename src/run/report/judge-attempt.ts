/** Read the logs of one attempt and judge it, from recorded evidence: no guest, no clock. */
import { createLineReader } from '#console/lines.ts'
import { readAnyTests, readTests } from '#console/ktap/reader.ts'
import { readConsole } from '#console/splat/reader.ts'
import { isOfSuite, type Case } from '#domain/case.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { readJson } from '#schema/read.ts'
import { scheduleRecord } from '#schema/schedule.ts'
import type { Reading } from '#verdict/attempt/facts.ts'
import { judgeAttempt } from '#verdict/attempt/outcome.ts'

export interface AttemptReading {
  readonly evidence: Evidence
  readonly reading: Reading
  readonly consoleLines: readonly string[]
  readonly outputLines: readonly string[]
  readonly judgement: AttemptJudgement
}

/** Judge an attempt from its evidence and its logs. */
export function judgeLogs(
  evidence: Evidence,
  logs: { readonly console: Uint8Array; readonly output: Uint8Array; readonly schedule?: Uint8Array | null },
  theCase: Case,
): AttemptReading {
  const { lines, reading: console } = readConsole(logs.console)
  // Programs of a suite print no end marker, and not all of them print KTAP.
  const tests = isOfSuite(theCase) ? readAnyTests(logs.output) : readTests(logs.output, { endMarker: true })
  const reading: Reading = { console, tests, consoleLines: lines }
  const outputLines: string[] = []
  const splitter = createLineReader((line) => outputLines.push(line))
  splitter.push(logs.output)
  splitter.finish()
  const schedule = logs.schedule ? readJson(scheduleRecord, Buffer.from(logs.schedule).toString('utf8')) : null
  const judgement = judgeAttempt(evidence, reading, theCase)
  return { evidence, reading, consoleLines: lines, outputLines, judgement: schedule ? { ...judgement, schedule } : judgement }
}
