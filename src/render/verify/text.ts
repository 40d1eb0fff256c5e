/** A verification on a terminal (or, without colour, as a text file), as Markdown, and as JSON. */
import type { BaseResult, Status, Verification } from '#analysis/verify/report.ts'
import { aligned } from '../terminal/columns.ts'
import { terminalStyle, type TerminalStyle, type StyleName, type TerminalOptions } from '../terminal/style.ts'
import { cellRows, hostLine, kernelLines, partLines, STATUS_TITLES, titleOf, triedLines, untestableLines } from './phrases.ts'
import { testedBy, type Tester } from './trailers.ts'
import { oneLine } from '../text/format.ts'

const STYLES: Readonly<Partial<Record<Status, StyleName>>> = {
  fixes: 'carries',
  unchanged: 'carries',
  'already-applied': 'inconclusive',
  'no-answer': 'no-result',
  inconclusive: 'inconclusive',
  'nothing-to-fix': 'inconclusive',
}

/** Render for people at a terminal. */
export function renderVerify(verification: Verification, tester: Tester, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const paint = (status: Status, text: string) => style.paint(STYLES[status] ?? 'alarm', text)
  const head = [
    style.paint('bold', `kwitness verify: ${titleOf(verification)}`),
    ...[verification.run === null ? null : `run ${verification.run}`, hostLine(verification)].flatMap((line) => line ?? []),
  ]
  const sections = [
    head,
    ...(verification.bases.length > 1 ? [tableOf(verification)] : []),
    ...verification.bases.map((base) => [
      `${style.paint('bold', oneLine(base.label))}: ${paint(base.status, STATUS_TITLES[base.status])}`,
      ...detailsOf(base, style).map((line) => `  ${line}`),
    ]),
    verification.bases.map(({ label, summary, status }) => paint(status, `${oneLine(label)}: ${oneLine(summary)}.`)),
    testedBy(verification, tester),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function tableOf({ bases }: Verification): string[] {
  return aligned([['base', 'version', 'answer'], ...bases.map((base) => [base.label, base.version, base.status])])
}

function detailsOf(base: BaseResult, style: TerminalStyle): string[] {
  const { whole } = base
  return [
    ...triedLines(base),
    ...(base.trouble === null ? [] : [`the base: ${oneLine(base.trouble)}`]),
    ...kernelLines(base),
    ...(whole && whole.cells.length > 0
      ? aligned([['case', 'before', 'after', '', ''], ...cellRows(whole)]).map((line, index) =>
          index === 0 ? style.paint('faint', line) : line,
        )
      : []),
    ...partLines(base),
    ...untestableLines(base),
  ]
}

/** Render as Markdown: a table of bases, and a section for each. */
export function renderVerifyMarkdown(verification: Verification, tester: Tester): string {
  const host = hostLine(verification)
  const lines = [
    `# ${escape(titleOf(verification))}`,
    '',
    ...(host === null ? [] : [`Verified by kwitness, ${escape(host)}.`, '']),
    ...rows([['base', 'version', 'answer'], ...verification.bases.map((one) => [one.label, one.version, one.summary])]),
    ...verification.bases.flatMap((base) => [
      '',
      `## ${escape(base.label)}: ${STATUS_TITLES[base.status]}`,
      '',
      ...listed([...triedLines(base), ...kernelLines(base), ...partLines(base), ...untestableLines(base)]),
      ...(base.whole && base.whole.cells.length > 0
        ? ['', ...rows([['case', 'before', 'after', 'change', ''], ...cellRows(base.whole)])]
        : []),
    ]),
    '',
    '```',
    ...testedBy(verification, tester),
    '```',
  ]
  return `${lines.join('\n')}\n`
}

/** A Markdown list; indented lines become items of the line before them. */
function listed(lines: readonly string[]): string[] {
  return lines.map((line) => (line.startsWith('  ') ? `  - ${escape(line.trim())}` : `- ${escape(line)}`))
}

function rows([head = [], ...body]: readonly (readonly string[])[]): string[] {
  const row = (words: readonly string[]) => `| ${words.map((word) => escape(word)).join(' | ')} |`
  return [row(head), `|${head.map(() => '---|').join('')}`, ...body.map(row)]
}

/** Text escaped for Markdown. */
function escape(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_[\]<>|#]/g, '\\$&')
}

/** The whole verification as JSON. */
export function renderVerifyJson(verification: Verification): string {
  return `${JSON.stringify(verification, null, 2)}\n`
}
