/** One attempt as a report shows it. Its logs are read when somebody asks for them: most renderers do not. */
import { createLineReader } from '#console/lines.ts'
import type { AttemptJudgement, Reason } from '#domain/judgement.ts'
import type { ReportAttempt } from '#domain/report/matrix.ts'
import type { AttemptRecord, ReadRuns } from '#store/ports.ts'
import type { AttemptReading } from './judge-attempt.ts'
import { createLogTruncator } from './truncate-log.ts'

/** What the logs of an attempt come to: its judgement, and what a report shows beside what its evidence says. */
export interface AttemptFindings extends Pick<ReportAttempt, 'tests' | 'problems' | 'splats'> {
  readonly judgement: AttemptJudgement
  /** The reasons of the judgement, each line number that in the cut log. */
  readonly shownReasons: readonly Reason[]
}

/** What an attempt's logs come to. Reports cut long logs in the middle. */
export function findingsOf({ reading, consoleLines, judgement, outputLines }: AttemptReading): AttemptFindings {
  const console = createLogTruncator(consoleLines)
  const output = createLogTruncator(outputLines)
  const inCutLog = (reason: Reason): Reason => {
    if (reason.line === null) return reason
    if (reason.channel === 'console') return { ...reason, line: console.line(reason.line) }
    return reason.channel === 'output' ? { ...reason, line: output.line(reason.line) } : reason
  }
  return {
    judgement,
    shownReasons: judgement.reasons.map(inCutLog),
    tests: reading.tests.documents.flatMap(({ points }) => points),
    problems: [...reading.tests.problems, ...reading.tests.documents.flatMap(({ problems }) => problems)],
    splats: reading.console.splats.map((splat) => ({
      ...splat,
      firstLine: console.line(splat.firstLine),
      lastLine: console.line(splat.lastLine),
    })),
  }
}

/** An attempt for a report, with its logs as they are in the store. */
export function reportAttempt(
  store: Pick<ReadRuns, 'logNow'>,
  record: AttemptRecord,
  { judgement, shownReasons, tests, problems, splats }: AttemptFindings,
): ReportAttempt {
  const { id, evidence } = record
  const known: { console?: readonly string[]; output?: readonly string[] } = {}
  return {
    id,
    attempt: evidence.job.attempt,
    outcome: judgement.outcome,
    ending: judgement.ending,
    reasons: shownReasons,
    seed: evidence.job.seed,
    // To the millisecond, as in the file of a report.
    seconds: Math.round(evidence.seconds * 1000) / 1000,
    origin: evidence.guest.origin,
    bootMethod: evidence.guest.bootMethod,
    qemu: evidence.host.qemu,
    argv: evidence.guest.argv.map(withoutPayload),
    tests,
    problems,
    splats,
    get console() {
      return (known.console ??= linesOf(store.logNow(record, 'console')))
    },
    get output() {
      return (known.output ??= linesOf(store.logNow(record, 'output')))
    },
    taint: evidence.taint,
  }
}

/** An argument of QEMU without the path of the payload, a file that is gone and has another name for each attempt. */
function withoutPayload(word: string): string {
  return word.startsWith('memory-backend-file,id=payload,') ? word.replace(/mem-path=.*(?=,share=)/, 'mem-path=PAYLOAD') : word
}

function linesOf(log: Uint8Array | null): readonly string[] {
  if (log === null) return ['[kwitness: this log cannot be read any more]']
  const lines: string[] = []
  const reader = createLineReader((line) => lines.push(line))
  reader.push(log)
  reader.finish()
  return createLogTruncator(lines).lines
}
