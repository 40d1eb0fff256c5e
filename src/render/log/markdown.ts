/** A read log as Markdown, for a mail, an issue or a summary of a CI job: what failed first, counts for the rest. */
import { isFailure, type LogReading, type LogReport } from '#domain/report/log.ts'
import type { TestPoint } from '#domain/tests.ts'
import { countWords, lossWords, plain } from './words.ts'

/** Failures listed of one file. */
const MAX_ROWS = 200

/** Render all files. */
export function renderLogMarkdown({ files }: LogReport): string {
  return `${files.map((file) => fileLines(file).join('\n')).join('\n\n')}\n`
}

function fileLines(file: LogReading): string[] {
  const failures = file.documents.flatMap(({ points }) => points.flatMap((point) => failuresOf(point, '')))
  const more = failures.length - MAX_ROWS
  return [
    `### ${escape(file.source)}`,
    '',
    `${countWords(file)}.`,
    ...file.documents.flatMap(({ bailOut }) => (bailOut === null ? [] : ['', `Bail out! ${escape(bailOut)}`])),
    ...table(['status', 'test', 'reason', 'line'], failures.slice(0, MAX_ROWS)),
    ...(more > 0 ? ['', `${more} more failures are not listed.`] : []),
    ...table(
      ['severity', 'kernel report', 'kind', 'lines'],
      file.splats.map(({ severity, title, rule, firstLine, lastLine }) => [severity, title, rule, `${firstLine}-${lastLine}`]),
    ),
    ...lossWords(file).flatMap((words) => ['', `- ${words}`]),
  ]
}

function failuresOf({ name, number, status, reason, line, children }: TestPoint, above: string): string[][] {
  const path = `${above}${name || number}`
  const inner = children.flatMap((child) => failuresOf(child, `${path} / `))
  return isFailure(status) && inner.length === 0 ? [[status, path, reason, String(line ?? '')]] : inner
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const row = (cells: readonly string[]) => `| ${cells.map(escape).join(' | ')} |`
  return ['', row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)]
}

function escape(text: string): string {
  return plain(text).replaceAll(/[\\`*_{}[\]<>#|~]/g, '\\$&')
}
