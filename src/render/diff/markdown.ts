/** A comparison as Markdown, for a mail, an issue or the summary of a CI job. */
import type { DiffEntry, RunDiff } from '#domain/report/diff.ts'
import { escapeMarkdown, markdownTable } from '../text/markdown.ts'
import { BRIEF, CHANGE_LABELS, countsOf, groupsOf, linesByKernel, resultName, runName } from '../text/changes.ts'

/** Rows of one kind: JSON has them all. */
const MAX_ROWS = 100

/** Render a comparison. */
export function renderDiffMarkdown(diff: RunDiff): string {
  const sections = groupsOf(diff).flatMap(({ change, entries }) => [
    '',
    `### ${CHANGE_LABELS[change].title} (${entries.length})`,
    ...(BRIEF.includes(change) ? briefLines(entries) : tableLines(entries)),
  ])
  const head = `## kwitness: ${escapeMarkdown(runName(diff.before))} → ${escapeMarkdown(runName(diff.after))}`
  return `${[head, '', `${countsOf(diff)}.`, ...sections].join('\n')}\n`
}

function briefLines(entries: readonly DiffEntry[]): string[] {
  return ['', ...linesByKernel(entries).map((line) => `- ${escapeMarkdown(line)}`)]
}

function tableLines(entries: readonly DiffEntry[]): string[] {
  const rows = entries
    .slice(0, MAX_ROWS)
    .map((entry) => [resultName(entry), entry.before?.verdict ?? '', entry.after?.verdict ?? '', entry.summary])
  const more = entries.length - rows.length
  return [...markdownTable(['result', 'before', 'now', 'what'], rows), ...(more > 0 ? ['', `${more} more are not listed.`] : [])]
}
