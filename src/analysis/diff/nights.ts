/** Compares a night with those before it: a result that a night had no time for is compared with an older one. */
import { CHANGES, type Change, type RunDiff } from '#domain/report/diff.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { diffOf } from './diff.ts'

/** Whether a night came to a cell at all. */
export function isTried(cell: Pick<ReportCell, 'attempts'>): boolean {
  return cell.attempts.length > 0
}

/** The results that a night did not come to. Those of kernels that were not available (`failed`) it did ask for. */
export function unfinishedOf({ cells }: Report, failed: ReadonlySet<string>): ReportCell[] {
  return cells.filter((cell) => !isTried(cell) && !failed.has(cell.kernel))
}

interface NightsOptions {
  /** Kernels that were not available. */
  readonly failed: ReadonlySet<string>
  /** Reports of the same images, such as of attempts made again: an image that gave both answers is flaky. */
  readonly history: readonly Report[]
}

/**
 * What changed since the newest of `before` (newest first) that has a result. Null where there is none before. Results that this
 * night did not come to are in neither the entries nor the counts.
 */
export function diffNights(before: readonly Report[], after: Report, { failed, history }: NightsOptions): RunDiff | null {
  const [newest, ...older] = before
  if (newest === undefined) return null
  const unfinished = new Set(unfinishedOf(after, failed).map((cell) => placeOf(after, cell)))
  const left = new Set(unfinishedOf(after, failed))
  const tonight = { ...after, cells: after.cells.filter((cell) => !left.has(cell)) }
  let diff = withoutGone(diffOf(triedOnly(newest), tonight, history), unfinished)
  let skipped = skippedBy(newest)
  for (const report of older) {
    // What seems new may only be what the nights since asked for and did not come to.
    const isSkipped = ({ change, series, version, case: id }: RunDiff['entries'][number]): boolean =>
      change === 'appeared' && skipped.has(`${series} ${version} ${id}`)
    const seemsNew = new Set(diff.entries.filter(isSkipped).map(keyOfEntry))
    if (seemsNew.size === 0) break
    skipped = skippedBy(report)
    const cells = tonight.cells.filter((cell) => seemsNew.has(`${cell.kernel} ${cell.case} ${cell.profile}`))
    const earlier = diffOf(triedOnly(report), { ...tonight, cells }, history)
    diff = replaceAppeared(diff, earlier, seemsNew)
  }
  return diff
}

const keyOfEntry = ({ after, case: id, profile }: RunDiff['entries'][number]): string => `${after?.kernel} ${id} ${profile}`

/** Results that a night asked for and did not come to, by what outlasts a new build of the kernel. */
function skippedBy(report: Report): Set<string> {
  return new Set(report.cells.filter((cell) => !isTried(cell)).map((cell) => placeOf(report, cell)))
}

function triedOnly(report: Report): Report {
  return { ...report, cells: report.cells.filter(isTried) }
}

/** A result by what outlasts a new build of the kernel. */
function placeOf({ kernels }: Report, { kernel, case: id }: ReportCell): string {
  const found = kernels.find((one) => one.id === kernel)
  return `${found?.series} ${found?.version} ${id}`
}

/** Without the results that are not gone: this night only did not come to them. */
function withoutGone(diff: RunDiff, unfinished: ReadonlySet<string>): RunDiff {
  const entries = diff.entries.filter(
    ({ change, series, version, case: id }) => change !== 'gone' || !unfinished.has(`${series} ${version} ${id}`),
  )
  return { ...diff, entries, counts: recount(entries, diff.counts.same) }
}

/** The comparison with what seemed new compared with an older night: of that, what is not listed there is the same. */
function replaceAppeared(diff: RunDiff, earlier: RunDiff, seemsNew: ReadonlySet<string>): RunDiff {
  const found = earlier.entries.filter(({ change }) => change !== 'gone')
  const kept = diff.entries.filter((entry) => entry.change !== 'appeared' || !seemsNew.has(keyOfEntry(entry)))
  const entries = [...kept, ...found].toSorted((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change))
  return { ...diff, entries, counts: recount(entries, diff.counts.same + seemsNew.size - found.length) }
}

function recount(entries: RunDiff['entries'], same: number): RunDiff['counts'] {
  const counts = Object.fromEntries(CHANGES.map((word) => [word, 0])) as Record<Change, number>
  for (const { change } of entries) counts[change] += 1
  return { ...counts, same }
}

/** Whether anything changed that a notice is about. */
export function hasChanges({ counts }: Pick<RunDiff, 'counts'>): boolean {
  return CHANGES.some((change) => change !== 'same' && counts[change] > 0)
}
