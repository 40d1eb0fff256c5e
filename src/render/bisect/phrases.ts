/** The phrases that all formats of a bisection share: its result, both sides of the change, its grounds. */
import type { Answer, Bisection, BisectStep, ReportCommit } from '#domain/report/bisect.ts'
import { chanceOf, countOf, many } from '#domain/numbers.ts'
import { oneLine } from '../text/format.ts'

/** What an answer means, for people. */
const ANSWERS: Readonly<Record<Answer, string>> = {
  'shows-bug': 'shows the bug',
  'no-bug': 'does not show the bug',
  'does-not-build': 'does not build',
  'does-not-boot': 'does not boot',
  crashed: 'crashed for another reason',
  'case-error': 'the case failed',
  'not-applicable': 'not applicable',
  inconclusive: 'inconclusive',
}

const SHORT = 12

export const nameOf = ({ commit, subject }: BisectStep): string => `${commit.slice(0, SHORT)} ${oneLine(subject)}`

const ROLES = { 'old-end': 'old end', 'new-end': 'new end', between: '' } as const

/** The result in a sentence. */
export function headlineOf({ end, target, commits, case: theCase, confidence }: Bisection): string {
  const what = `introduced the ${target} of ${theCase.id}`
  if (end.kind === 'one-of') return `One of ${many(end.commits.length, 'commit')} ${what}: too few of them give an answer`
  return `${end.commit.slice(0, SHORT)} (${oneLine(commits[0]?.subject ?? '')}) ${what}, ${certainty(confidence)}`
}

/** The confidence in words, rounded down. */
export function certainty(confidence: number): string {
  if (confidence >= 1) return 'every step deterministic'
  return `confidence ${Math.floor(confidence * 1e9) / 1e9} (error probability ${chanceOf(1 - confidence)})`
}

export function commitLines({ commit, author, date, subject, trailers }: ReportCommit): string[] {
  return [`commit ${commit}`, `${author}, ${date}`, '', `    ${subject}`, ...trailers.map((line) => `    ${line}`)].map(fenceText)
}

export function changeSides({ before, after, target, end }: Bisection): (readonly [string, BisectStep])[] {
  const known = end.kind === 'found' ? '' : ', as far as commits answer'
  return [
    [`last without the ${target}${known}`, before],
    [`first with the ${target}${known}`, after],
  ]
}

/** Lines shown of an answer; the evidence has all. */
const MAX_LINES = 5

export function evidenceLines({ summary, reasons, run, kernel, sameAs, attempts }: BisectStep): string[] {
  const at = (line: number | null): string => (line === null ? '' : `:${line}`)
  const lines = reasons.slice(0, MAX_LINES).map(({ channel, line, text }) => `${channel}${at(line)}: ${text}`)
  const made = sameAs === null ? `, ${many(attempts.length, 'attempt')}` : ''
  const where = run === null ? [] : [`run ${run}, kernel ${kernel}${made}`]
  return [summary, ...lines, ...where].map((line) => `    ${fenceText(line)}`)
}

/** A step as the texts of a table row; empty texts for missing values. */
export function stepWords({
  commit,
  role,
  answer,
  errorProbability,
  sameAs,
  trials,
  buildSeconds,
  testSeconds,
  subject,
}: BisectStep) {
  return {
    commit: commit.slice(0, SHORT),
    role: ROLES[role],
    answer: `${ANSWERS[answer]}${sameAs === null ? '' : `, as ${sameAs.slice(0, SHORT)}`}`,
    hits: trials === null ? '' : `${countOf(trials.hits)} of ${countOf(trials.trials)}`,
    errorProbability: errorProbability === 0 ? '' : chanceOf(errorProbability),
    build: buildSeconds.toFixed(1),
    test: testSeconds.toFixed(1),
    subject: oneLine(subject),
  }
}

export function factsOf({ counts, seconds, confidence, rate, assumptions, steps, case: theCase, tree }: Bisection): string[] {
  const untestable = steps.filter(({ answer }) => answer !== 'shows-bug' && answer !== 'no-bug')
  const skipped = untestable.map((step) => `skipped ${nameOf(step)}: ${ANSWERS[step.answer]}: ${step.summary}`)
  const size = `${many(counts.steps, 'step')} between ends with ${many(counts.candidates, 'commit')}`
  const saved = `${counts.skipped} skipped, ${counts.sameBinary} with the same kernel as an earlier step`
  return [
    `${size} in ${tree}: ${saved}, ${seconds.toFixed(0)} s`,
    `overall: ${certainty(confidence)}`,
    ...(rate === null
      ? []
      : [`reference rate: ${many(rate.hits, 'hit')} in ${many(rate.trials, 'trial')}: ${rate.controlSummary}`]),
    `assumptions: ${assumptions.join(' ')}`,
    `symptom: ${theCase.symptom}`,
    ...skipped,
  ].map(oneLine)
}

/** Text for one line inside a Markdown fence, which it cannot end. */
export function fenceText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').replaceAll('```', "'''")
}
