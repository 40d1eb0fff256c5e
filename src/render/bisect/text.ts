/** A bisection as text: for a terminal, and as Markdown for a mail or an issue. */
import type { Bisection, BisectStep } from '#domain/report/bisect.ts'
import { commitLines, evidenceLines, factsOf, fenceText, headlineOf, nameOf, changeSides, stepWords } from './phrases.ts'
import { aligned } from '../terminal/columns.ts'
import { many } from '#domain/numbers.ts'
import { terminalStyle, type TerminalOptions } from '../terminal/style.ts'
import { oneLine } from '../text/format.ts'

/** The bisection on a terminal. */
export function renderBisection(bisection: Bisection, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const { steps, log } = bisection
  return [
    style.paint('bold', headlineOf(bisection)),
    '',
    ...bisection.commits.flatMap((commit) => commitLines(commit).map((line) => `  ${line}`)),
    '',
    style.paint('bold', 'Both sides of the change'),
    ...changeSides(bisection).flatMap(([what, step]) => [`  ${what}: ${nameOf(step)}`, ...evidenceLines(step)]),
    '',
    style.paint('bold', 'Steps'),
    ...aligned(stepRows(steps)),
    '',
    ...factsOf(bisection),
    style.paint('faint', `${many(log.split('\n').length, 'line')} of git bisect log are in the report`),
    '',
  ].join('\n')
}

/** The bisection as Markdown. */
export function renderBisectionMarkdown(bisection: Bisection): string {
  const { steps, log } = bisection
  const [headings = [], ...rows] = stepRows(steps)
  const row = (words: readonly string[]) => `| ${words.map(cellText).join(' | ')} |`
  return [
    `# ${cellText(headlineOf(bisection))}`,
    '',
    ...bisection.commits.flatMap((commit) => ['```', ...commitLines(commit), '```', '']),
    '## Both sides of the change',
    '',
    ...changeSides(bisection).flatMap(([what, step]) => [
      `**${what}**: ${cellText(nameOf(step))}`,
      '',
      '```',
      ...evidenceLines(step),
      '```',
      '',
    ]),
    '## Steps',
    '',
    row(headings),
    row(headings.map(() => '---')),
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

/** A row for each step, below the headings. */
const stepRows = (steps: readonly BisectStep[]): string[][] => [
  ['commit', '', 'answer', 'hits', 'error probability', 'build s', 'test s', 'subject'],
  ...steps
    .map(stepWords)
    .map(({ commit, role, answer, hits, errorProbability, build, test, subject }) => [
      commit,
      role,
      answer,
      hits,
      errorProbability,
      build,
      test,
      subject.slice(0, 60),
    ]),
]

/** Text escaped for a line or a table of Markdown. */
const cellText = (text: string): string => oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~]/g, String.raw`\$&`)
