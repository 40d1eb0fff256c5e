/** A bisection as text: for a terminal, and as Markdown for a mail or an issue. */
import type { Answer, Bisection, BisectStep, ReportCommit } from '../domain/bisection.ts'
import { aligned } from './columns.ts'
import { chanceOf, countOf, many } from './numbers.ts'
import { penOf, type TerminalOptions } from './terminal-pen.ts'
import { oneLine } from './wording.ts'

/** What an answer means, for people. */
const ANSWERS: Readonly<Record<Answer, string>> = {
  shows: 'shows the bug',
  clean: 'clean',
  'does-not-build': 'does not build',
  'does-not-boot': 'does not boot',
  crashed: 'crashed for another reason',
  'case-broke': 'the case broke',
  'cannot-be-asked': 'cannot be asked',
  undecided: 'undecided',
}

const nameOf = ({ commit, subject }: BisectStep): string => `${commit.slice(0, SHORT)} ${oneLine(subject)}`

const ROLES = { 'old-end': 'old end', 'new-end': 'new end', between: '' } as const
const SHORT = 12

/** The bisection on a terminal. */
export function renderBisection(bisection: Bisection, options: TerminalOptions): string {
  const pen = penOf(options)
  const { steps, log } = bisection
  return [
    pen.paint('bold', headlineOf(bisection)),
    '',
    ...bisection.commits.flatMap((commit) => commitLines(commit).map((line) => `  ${line}`)),
    '',
    pen.paint('bold', 'Both neighbours'),
    ...neighbours(bisection).flatMap(([what, step]) => [`  ${what}: ${nameOf(step)}`, ...evidenceLines(step)]),
    '',
    pen.paint('bold', 'Steps'),
    ...stepTable(steps),
    '',
    ...factsOf(bisection),
    pen.paint('faint', `${many(log.split('\n').length, 'line')} of git bisect log are in the report`),
    '',
  ].join('\n')
}

/** The bisection as Markdown. */
export function renderBisectionMarkdown(bisection: Bisection): string {
  const { steps, log } = bisection
  const [heads = [], ...rows] = stepRows(steps)
  const row = (words: readonly string[]) => `| ${words.map(cellText).join(' | ')} |`
  return [
    `# ${cellText(headlineOf(bisection))}`,
    '',
    ...bisection.commits.flatMap((commit) => ['```', ...commitLines(commit), '```', '']),
    '## Both neighbours',
    '',
    ...neighbours(bisection).flatMap(([what, step]) => [
      `**${what}**: ${cellText(nameOf(step))}`,
      '',
      '```',
      ...evidenceLines(step),
      '```',
      '',
    ]),
    '## Steps',
    '',
    row(heads),
    row(heads.map(() => '---')),
    ...rows.map(row),
    '',
    ...factsOf(bisection).map((line) => `- ${cellText(line)}`),
    '',
    '## git bisect log',
    '',
    '```',
    ...log.split('\n').map(fenceText),
    '```',
    '',
  ].join('\n')
}

/** The bisection as JSON. */
export function renderBisectionJson(bisection: Bisection): string {
  return `${JSON.stringify(bisection, null, 2)}\n`
}

/** What came out, in a sentence. */
export function headlineOf({ end, sought, commits, case: theCase, confidence }: Bisection): string {
  const what = `brought the ${sought} of ${theCase.id}`
  if (end.kind === 'one-of') return `One of ${many(end.commits.length, 'commit')} ${what}: too few of them give an answer`
  const subject = oneLine(commits[0]?.subject ?? '')
  return `${end.commit.slice(0, SHORT)} (${subject}) ${what}, ${certainty(confidence)}`
}

/** Rounded down: never more certain than it is. */
function certainty(confidence: number): string {
  if (confidence >= 1) return 'with no race to be unlucky in'
  return `confidence ${Math.floor(confidence * 1e9) / 1e9}: wrong by luck ${chanceOf(1 - confidence)}`
}

function commitLines({ commit, author, date, subject, trailers }: ReportCommit): string[] {
  return [`commit ${commit}`, `${author}, ${date}`, '', `    ${subject}`, ...trailers.map((line) => `    ${line}`)].map(fenceText)
}

function neighbours({ before, after, sought, end }: Bisection): (readonly [string, BisectStep])[] {
  const known = end.kind === 'found' ? '' : ', as far as commits answer'
  return [
    [`last without the ${sought}${known}`, before],
    [`first with the ${sought}${known}`, after],
  ]
}

/** More of the lines behind an answer are in the evidence. */
const MOST_LINES = 5

function evidenceLines({ because, reasons, run, kernel, sameAs, attempts }: BisectStep): string[] {
  const at = (line: number | null): string => (line === null ? '' : `:${line}`)
  const lines = reasons.slice(0, MOST_LINES).map(({ channel, line, text }) => `${channel}${at(line)}: ${text}`)
  const made = sameAs === null ? `, ${many(attempts.length, 'attempt')}` : ''
  const where = run === null ? [] : [`run ${run}, kernel ${kernel}${made}`]
  return [because, ...lines, ...where].map((line) => `    ${fenceText(line)}`)
}

function stepRows(steps: readonly BisectStep[]): string[][] {
  const rows = steps.map((step) => {
    const { commit, role, answer, doubt, sameAs, trials, buildSeconds, askSeconds, subject } = step
    const tried = trials === null ? '' : `${countOf(trials.hits)} of ${countOf(trials.trials)}`
    const word = `${ANSWERS[answer]}${sameAs === null ? '' : `, as ${sameAs.slice(0, SHORT)}`}`
    const wrong = doubt === 0 ? '' : chanceOf(doubt)
    const times = [buildSeconds, askSeconds].map((seconds) => seconds.toFixed(1))
    return [commit.slice(0, SHORT), ROLES[role], word, tried, wrong, ...times, oneLine(subject).slice(0, 60)]
  })
  return [['commit', '', 'answer', 'hits', 'wrong by luck', 'build s', 'ask s', 'subject'], ...rows]
}

const stepTable = (steps: readonly BisectStep[]) => aligned(stepRows(steps))

function factsOf({ counts, seconds, confidence, rate, assumptions, steps, case: theCase, tree }: Bisection): string[] {
  const mute = steps.filter(({ answer }) => answer !== 'shows' && answer !== 'clean')
  const skipped = mute.map((step) => `skipped ${nameOf(step)}: ${ANSWERS[step.answer]}: ${step.because}`)
  const size = `${many(counts.steps, 'step')} between ends with ${many(counts.candidates, 'commit')}`
  const sparing = `${counts.skipped} skipped, ${counts.sameBinary} with a kernel that was judged before`
  return [
    `${size} in ${tree}: ${sparing}, ${seconds.toFixed(0)} s`,
    `the whole: ${certainty(confidence)}`,
    ...(rate === null ? [] : [`clean races lean on ${many(rate.hits, 'hit')} in ${many(rate.trials, 'trial')}: ${rate.leansOn}`]),
    `taken for granted: ${assumptions.join(' ')}`,
    `symptom: ${theCase.symptom}`,
    ...skipped,
  ].map(oneLine)
}

/** Text inside a fence: one line, and none that ends it. */
function fenceText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, ' ').replaceAll('```', "'''")
}

/** Text in a line or a table of Markdown: nothing of it is markup. */
const cellText = (text: string): string => oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~]/g, String.raw`\$&`)
