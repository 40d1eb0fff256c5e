/** A read log as Markdown, for a mail, an issue or a summary of a CI job: what failed first, counts for the rest. */
import { isFailure, type LogReading, type LogReport } from '#domain/report/log.ts'
import type { TestPoint } from '#domain/tests.ts'
import { escapeMarkdown, markdownTable } from '../text/markdown.ts'
import { countWords, lossWords } from './words.ts'

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
    `### ${escapeMarkdown(file.source)}`,
    '',
    `${countWords(file)}.`,
    ...file.documents.flatMap(({ bailOut }) => (bailOut === null ? [] : ['', `Bail out! ${escapeMarkdown(bailOut)}`])),
    ...markdownTable(['status', 'test', 'reason', 'line'], failures.slice(0, MAX_ROWS)),
    ...(more > 0 ? ['', `${more} more failures are not listed.`] : []),
    ...markdownTable(
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
