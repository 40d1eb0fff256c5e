/** The words and names that every rendering of a comparison shares. */
import { CHANGES, type Change, type DiffEntry, type RunDiff } from '#domain/report/diff.ts'
import { many } from '#domain/numbers.ts'
import { momentOf, oneLine } from './format.ts'

export interface ChangeLabel {
  readonly title: string
  readonly meaning: string
}

export const CHANGE_LABELS: Readonly<Record<Change, ChangeLabel>> = {
  regressed: { title: 'Regressed', meaning: 'the bug was not seen before, and is seen now' },
  flaky: { title: 'Flaky', meaning: 'the same kernel image gave both answers' },
  'no-longer-decided': { title: 'No longer decided', meaning: 'there was an answer, and now there is none' },
  spurious: { title: 'Spurious', meaning: 'the infrastructure gave no answer this time' },
  fixed: { title: 'Fixed', meaning: 'the bug was seen before, and is not seen now' },
  'newly-decided': { title: 'Newly decided', meaning: 'there was no answer, and now there is one' },
  'listing-changed': { title: 'Listing changed', meaning: 'the same answer, and the claim sources say something else' },
  gone: { title: 'Gone', meaning: 'only the older run has the result' },
  appeared: { title: 'Appeared', meaning: 'only the newer run has the result' },
  same: { title: 'Same', meaning: 'nothing changed' },
}

/** `2026-11-02-1 (2026-11-02 03:04 UTC)`; a run still going says so. */
export function runName({ id, startedAt, complete }: RunDiff['before']): string {
  return `${oneLine(id)} (${momentOf(startedAt)}${complete ? '' : ', not complete'})`
}

/** Each kind of change that there is, by urgency, with its entries. */
export function groupsOf({ entries }: RunDiff): { readonly change: Change; readonly entries: readonly DiffEntry[] }[] {
  const groups = Map.groupBy(entries, ({ change }) => change)
  return CHANGES.flatMap((change) => {
    const own = groups.get(change)
    return own ? [{ change, entries: own }] : []
  })
}

/** `1 regressed, 2 fixed, 473 same`. */
export function countsOf({ counts }: RunDiff): string {
  const parts = CHANGES.filter((change) => counts[change] > 0).map((change) => `${counts[change]} ${change}`)
  return parts.length > 0 ? parts.join(', ') : 'no results to compare'
}

/** Nothing is to be done about these: a line for each kernel is enough. */
export const BRIEF: readonly Change[] = ['gone', 'appeared']

/** The kernel of an entry as `kwitness explain` takes it, with the case. */
export function resultName({ before, after, case: name }: DiffEntry): string {
  return `${(after ?? before)?.kernel}/${name}`
}

/** Results that have several entries, in several guest profiles: only there a profile tells them apart. */
export function ambiguousResults({ entries }: RunDiff): ReadonlySet<string> {
  const names = Map.groupBy(entries, resultName)
  return new Set([...names].filter(([, own]) => own.length > 1).map(([name]) => name))
}

/** Cases listed by name of one kernel: of more, the count says enough. */
const MAX_NAMES = 3

/** Results that only one run has, a line for each kernel: `KERNEL: 34 results (30 lacks, 4 carries)`. */
export function linesByKernel(entries: readonly DiffEntry[]): string[] {
  const kernels = Map.groupBy(entries, ({ before, after }) => (after ?? before)!.kernel)
  return [...kernels].map(([kernel, own]) => {
    const verdicts = countBy(own.map(({ before, after }) => (after ?? before)!.verdict))
    const what = own.length > MAX_NAMES ? many(own.length, 'result') : own.map(({ case: name }) => name).join(', ')
    return oneLine(`${kernel}: ${what} (${verdicts})`)
  })
}

function countBy(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, own]) => ({ word, count: own.length }))
  return counts
    .toSorted((a, b) => b.count - a.count)
    .map(({ word, count }) => `${count} ${word}`)
    .join(', ')
}
