/** A comparison on a terminal: what a person must act on first. */
import type { Change, DiffEntry, RunDiff } from '#domain/report/diff.ts'
import { oneLine } from '../text/format.ts'
import { type StyleName, type TerminalOptions, type TerminalStyle, terminalStyle } from '../terminal/style.ts'
import {
  ambiguousResults,
  BRIEF,
  CHANGE_LABELS,
  countsOf,
  groupsOf,
  linesByKernel,
  resultName,
  runName,
} from '../text/changes.ts'

/** Entries shown of one kind: JSON has them all. */
const MAX_ENTRIES = 40

const STYLES: Partial<Record<Change, StyleName>> = { regressed: 'alarm', flaky: 'inconclusive', fixed: 'carries' }

/** Render a comparison for a terminal. */
export function renderDiffText(diff: RunDiff, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const ambiguous = ambiguousResults(diff)
  const sections = groupsOf(diff).map(({ change, entries }) => {
    const blocks = BRIEF.includes(change)
      ? linesByKernel(entries).map((line) => `  ${line}`)
      : entries.map((entry) => entryBlock(entry, ambiguous, style))
    return [
      `${style.paint(STYLES[change] ?? 'bold', CHANGE_LABELS[change].title)}: ${CHANGE_LABELS[change].meaning}`,
      ...blocks.slice(0, MAX_ENTRIES),
      ...(blocks.length > MAX_ENTRIES ? [`  ${style.dots} and ${blocks.length - MAX_ENTRIES} more`] : []),
    ]
  })
  const head = `kwitness ${runName(diff.before)} ${style.arrow} ${runName(diff.after)}`
  const all = [[style.paint('bold', head)], ...sections, [countsOf(diff)]]
  return `${all.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function entryBlock(entry: DiffEntry, ambiguous: ReadonlySet<string>, style: TerminalStyle): string {
  const name = resultName(entry)
  const profile = ambiguous.has(name) ? ` (${oneLine(entry.profile)})` : ''
  return `  ${oneLine(name)}${profile}\n    ${style.paint('faint', oneLine(entry.summary))}`
}
