/** What changed since another run, for the head of the page and for its cells. */
import type { Change, DiffEntry, RunDiff } from '#domain/report/diff.ts'
import { CHANGE_LABELS, groupsOf, runName } from '../text/changes.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import { cellLink, filterLink } from './links.ts'

/** Results of one kind of change that are named. */
const MAX_NAMED = 6

/** Tones of the kinds of change that a person looks for first. */
const TONES: Partial<Record<Change, string>> = { regressed: 'bad', fixed: 'good', flaky: 'unsure' }

/** The changes of a page; null where it compares no runs. */
export function changesOf(diff: RunDiff | undefined, label: (kernel: string) => string) {
  if (diff === undefined) return null
  const groups = groupsOf(diff).map(({ change, entries }) => ({
    change,
    title: CHANGE_LABELS[change].title.toLowerCase(),
    meaning: CHANGE_LABELS[change].meaning,
    tone: TONES[change] ?? '',
    count: entries.length,
    href: filterLink(`change:${change}`),
    items: entries.slice(0, MAX_NAMED).map((entry) => itemOf(entry, label)),
    more: Math.max(0, entries.length - MAX_NAMED),
  }))
  const { same } = diff.counts
  return { before: runName(diff.before), groups, same, all: filterLink('is:changed') }
}

/** A result by name; one that only the older run has is nowhere on the page. */
function itemOf({ after, before, case: name, summary }: DiffEntry, label: (kernel: string) => string) {
  const kernel = (after ?? before)?.kernel ?? ''
  const text = `${name} on ${label(kernel)}`
  return { text, summary, href: after === null ? null : cellLink(after.kernel, name) }
}

/** What became of a cell, by KERNEL/CASE, of those that are not the same. */
export function changedCells(diff: RunDiff | undefined): ReadonlyMap<string, DiffEntry> {
  return new Map(
    (diff?.entries ?? []).flatMap((entry) => (entry.after ? [[`${entry.after.kernel}/${entry.case}`, entry] as const] : [])),
  )
}

/** The sign of the older verdict before that of the newer one, where both are known and differ. */
export function signOf({ before, after }: DiffEntry): string | null {
  if (before === null || after === null || before.verdict === after.verdict) return null
  return `${VERDICT_LABELS[before.verdict].glyph}›${VERDICT_LABELS[after.verdict].glyph}`
}
