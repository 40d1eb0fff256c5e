/** Exit codes: 0 answered, 1 findings, 2 usage, 3 infrastructure, 130 interrupted. */
import type { Replay } from '#analysis/replay.ts'
import type { ControlMatrix } from '#analysis/controls/control-matrix.ts'
import { isAnswer, RESULT_STATUSES } from '#analysis/suite.ts'
import type { BisectMark } from '#domain/report/bisect.ts'
import type { Status } from '#analysis/verify/report.ts'
import { UserError } from '#domain/errors.ts'
import type { Finding, Verdict } from '#domain/judgement.ts'
import { CHANGES, type Change, type RunDiff } from '#domain/report/diff.ts'
import type { CaseContradiction, Report, ReportCell } from '#domain/report/matrix.ts'
import type { ResultStatus, SuiteChange, SuiteReport } from '#domain/report/suite.ts'

export const INTERRUPTED = 130

/** What `--fail-on` takes: verdicts and findings. */
export const CASE_WORDS: readonly (Verdict | Finding)[] = [
  'carries',
  'lacks',
  'inconclusive',
  'not-applicable',
  'error',
  'no-result',
  'listed-still-affected',
  'fixed-not-listed',
]

/** Findings that are never what was expected. */
const ALWAYS: readonly string[] = ['listed-still-affected', 'error']

/** What `--fail-on` takes for a suite: changes along versions, statuses of results, and any difference between kernels. */
export const SUITE_WORDS: readonly (SuiteChange['kind'] | ResultStatus | 'differs')[] = [
  'regression',
  'improvement',
  'change',
  'differs',
  ...RESULT_STATUSES,
]

/** What `--fail-on` takes for a comparison. */
export const CHANGE_WORDS: readonly Change[] = CHANGES.filter((change) => change !== 'same')

/**
 * Read `lacks,inconclusive`. Throws UserError for a text without a word, and for a word that is none of `known`: verdicts and
 * findings, where not given.
 */
export function readFailOn(text: string | undefined, known: readonly string[] = CASE_WORDS): string[] {
  const words = (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  if (text !== undefined && words.length === 0) throw new UserError('--fail-on names no word', `it knows: ${known.join(', ')}`)
  for (const word of words) {
    if (!known.includes(word)) throw new UserError(`--fail-on does not know ${word}`, `it knows: ${known.join(', ')}`)
  }
  return words
}

/** As much of a report as an exit code looks at. */
export interface Judged {
  readonly cells: readonly Pick<ReportCell, 'verdict' | 'finding'>[]
  readonly caseContradictions: readonly CaseContradiction[]
}

/** A report without a result, of a run that asked nothing: zero tests are never a pass. */
const NOTHING_ASKED = 2

/**
 * The exit code of a report: an unanswered cell is infrastructure's fault, unless there is a finding beside it. What a claim
 * source contradicts in case.json is a finding, too.
 */
export function exitCodeOf(report: Judged, failOn: readonly string[]): number {
  const fails = [...ALWAYS, ...failOn]
  const isBad = ({ verdict, finding }: Judged['cells'][number]): boolean => fails.includes(verdict) || fails.includes(finding)
  if (report.cells.some(isBad) || report.caseContradictions.length > 0) return 1
  if (report.cells.length === 0) return NOTHING_ASKED
  return report.cells.some(({ verdict }) => verdict === 'no-result') ? 3 : 0
}

/** The exit code of a check: a machine without an answer, or with something left on it, is infrastructure's fault. */
export function exitCodeOfCheck({ hosts = [], ...report }: Judged & Pick<Report, 'hosts'>, failOn: readonly string[]): number {
  const code = report.cells.length === 0 && hosts.length > 0 ? 3 : exitCodeOf(report, failOn)
  return code === 0 && !areWhole(hosts) ? 3 : code
}

/** Whether every machine answered, and nothing was left on any. */
function areWhole(hosts: NonNullable<Report['hosts']>): boolean {
  return hosts.every(({ outcome, left }) => outcome === 'checked' && left.length === 0)
}

/** The exit code of a suite: any result is an answer, except those that --fail-on names; a fault of the host is not one. */
export function exitCodeOfSuite({ cells, changes, rows }: SuiteReport, failOn: readonly string[]): number {
  const found = [
    ...changes.map(({ kind }): string => kind),
    ...rows.flatMap(({ differs, results }) => [...(differs ? ['differs'] : []), ...results.map(({ status }) => status)]),
    ...cells.map(({ outcome }) => (outcome === 'error' ? 'error' : '')),
  ]
  if (found.some((word) => failOn.includes(word))) return 1
  if (!cells.every(isAnswer)) return 3
  return rows.length === 0 ? NOTHING_ASKED : 0
}

/** The exit code of a comparison: 1 for a regression and for the changes that are asked for, 2 where nothing was compared. */
export function exitCodeOfDiff({ counts }: Pick<RunDiff, 'counts'>, failOn: readonly string[]): number {
  if (isDisjoint({ counts })) return NOTHING_ASKED
  return CHANGES.some((change) => counts[change] > 0 && (change === 'regressed' || failOn.includes(change))) ? 1 : 0
}

/** Whether two runs have no result in common, so that nothing can have regressed. */
export function isDisjoint({ counts }: Pick<RunDiff, 'counts'>): boolean {
  return CHANGES.every((change) => change === 'appeared' || change === 'gone' || counts[change] === 0)
}

/**
 * The exit code of a run with a baseline: a fix that was lacking before is not a finding, nor is a contradiction of case.json
 * that the baseline has, too; what --fail-on names is one.
 */
export function exitCodeOfBaseline(
  report: Judged & Pick<Report, 'hosts'>,
  before: Pick<Judged, 'caseContradictions'>,
  diff: Pick<RunDiff, 'counts'>,
  failOn: readonly string[],
): number {
  const isNamed = ({ verdict, finding }: Judged['cells'][number]): boolean => failOn.includes(verdict) || failOn.includes(finding)
  const known = new Set(before.caseContradictions.map(keyOfContradiction))
  const isNew = report.caseContradictions.some((contradiction) => !known.has(keyOfContradiction(contradiction)))
  if (exitCodeOfDiff(diff, failOn) === 1 || report.cells.some(isNamed) || isNew) return 1
  const { hosts = [] } = report
  if (report.cells.length === 0) return hosts.length > 0 ? 3 : NOTHING_ASKED
  if (isDisjoint(diff)) return NOTHING_ASKED
  return report.cells.some(({ verdict }) => verdict === 'no-result') || !areWhole(hosts) ? 3 : 0
}

/** What makes two contradictions the same: not the words of the changelog, which a newer package may cite otherwise. */
function keyOfContradiction({ case: name, series, kind, release, listed }: CaseContradiction): string {
  return JSON.stringify([name, series, kind, release, listed])
}

/** The exit code of a control matrix: 1 when a control (or its case) fails, 3 when only answers are missing. */
export function exitCodeOfControlMatrix({ holds, failures }: Pick<ControlMatrix, 'holds' | 'failures'>): number {
  if (holds) return 0
  return failures.some(({ blame }) => blame === 'control') ? 1 : 3
}

/** The exit code of a replay: 1 for another outcome, 3 when this host came to none. */
export function exitCodeOfReplay({ sameOutcome, replayed }: Pick<Replay, 'sameOutcome' | 'replayed'>): number {
  if (replayed.outcome === 'infra') return 3
  return sameOutcome ? 0 : 1
}

/** The exit code for `git bisect run`: 0 old, 1 new, 125 untestable. */
export function exitCodeOfMark(mark: BisectMark): 0 | 1 | 125 {
  return mark === 'skip' ? 125 : mark === 'new' ? 1 : 0
}

/** What `kwitness verify` exits with where a patch is there already: nothing went wrong, and there was nothing to verify. */
const ALREADY_APPLIED = 4

/**
 * The exit code of a verification, by what its bases say: 1 when any has a finding, else 3 when any gave no answer, 4 when the
 * patch is there already on all of them, 0 when it fixes (or, with no case to fix, changes nothing) wherever it is not.
 */
export function exitCodeOfVerification(statuses: readonly Status[]): number {
  const quiet: readonly Status[] = ['fixes', 'unchanged', 'already-applied', 'no-answer']
  if (statuses.some((status) => !quiet.includes(status))) return 1
  if (statuses.includes('no-answer') || statuses.length === 0) return 3
  return statuses.every((status) => status === 'already-applied') ? ALREADY_APPLIED : 0
}
