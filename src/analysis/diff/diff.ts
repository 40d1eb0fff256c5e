/** Two reports compared, result by result. */
import type { Verdict } from '#domain/judgement.ts'
import {
  CHANGES,
  type Change,
  type ComparedCell,
  type ComparedReport,
  type DiffEntry,
  type DiffSide,
  type RunDiff,
} from '#domain/report/diff.ts'
import type { ReportKernel } from '#domain/report/matrix.ts'
import { compareKernels, compareText } from '../matrix/matrix.ts'
import { changeOf } from './change.ts'
import { pairKernels, type KernelPair } from './pairs.ts'

/**
 * Compare two reports. `history` are reports of earlier runs: an image that gave both answers in them is flaky, and neither
 * regresses nor is fixed.
 */
export function diffOf(before: ComparedReport, after: ComparedReport, history: readonly ComparedReport[] = []): RunDiff {
  const pairs = pairKernels(before, after)
  const titles = new Map([...before.cases, ...after.cases].map(({ id, title }) => [id, title]))
  const context: Context = { older: rowsOf(before), newer: rowsOf(after), answers: answersOf([...history, before, after]) }
  const entries = pairs.flatMap((pair) => entriesOf(pair, context)).map((one) => ({ ...one, title: titles.get(one.case) ?? '' }))
  const counts = Object.fromEntries(CHANGES.map((word) => [word, 0])) as Record<Change, number>
  for (const { change } of entries) counts[change] += 1
  return {
    schema: 'kwitness.diff/1',
    before: runOf(before),
    after: runOf(after),
    kernels: { appeared: onlyIn(after, before), gone: onlyIn(before, after) },
    entries: entries.filter(({ change }) => change !== 'same').toSorted(byUrgency([...before.kernels, ...after.kernels])),
    counts,
  }
}

/** Cells of a report by kernel, then by case and profile. */
type Rows = ReadonlyMap<string, ReadonlyMap<string, ComparedCell>>

interface Context {
  readonly older: Rows
  readonly newer: Rows
  /** Verdicts by image, case and profile. */
  readonly answers: ReadonlyMap<string, ReadonlySet<Verdict>>
}

const cellName = (cell: ComparedCell) => `${cell.case} ${cell.profile}`

function rowsOf({ cells }: ComparedReport): Rows {
  const rows = Map.groupBy(cells, ({ kernel }) => kernel)
  return new Map([...rows].map(([kernel, own]) => [kernel, new Map(own.map((cell) => [cellName(cell), cell]))]))
}

function answersOf(reports: readonly ComparedReport[]): Map<string, Set<Verdict>> {
  const answers = new Map<string, Set<Verdict>>()
  for (const { kernels, cells } of reports) {
    const images = new Map(kernels.map(({ id, sha256 }) => [id, sha256]))
    for (const cell of cells) {
      const key = `${images.get(cell.kernel)} ${cellName(cell)}`
      answers.set(key, (answers.get(key) ?? new Set()).add(cell.verdict))
    }
  }
  return answers
}

/** What became of every result of a pair of kernels. */
function entriesOf(pair: KernelPair, { older, newer, answers }: Context): Omit<DiffEntry, 'title'>[] {
  const { before, after, relation } = pair
  const [was, is] = [older.get(before?.id ?? ''), newer.get(after?.id ?? '')]
  // A predecessor has results of its own, which are compared with themselves.
  const names = new Set([...(relation === 'predecessor' ? [] : (was?.keys() ?? [])), ...(is?.keys() ?? [])])
  return [...names].map((name) => {
    const [from, to] = [sideOf(before, was?.get(name)), sideOf(after, is?.get(name))]
    const change = changeOf(from, to, answers.get(`${after?.sha256} ${name}`))
    const kernel = (after ?? before)!
    const cell = (is?.get(name) ?? was?.get(name))!
    const about = { case: cell.case, profile: cell.profile, series: kernel.series, version: kernel.version }
    const isNew = relation === 'predecessor' && change !== 'regressed' && change !== 'fixed'
    if (isNew) return { ...about, change: 'appeared', before: null, after: to, summary: summaryOf('appeared', null, to, pair) }
    return { ...about, change, before: from, after: to, summary: summaryOf(change, from, to, pair) }
  })
}

function sideOf(kernel: ReportKernel | null, cell: ComparedCell | undefined): DiffSide | null {
  if (kernel === null || cell === undefined) return null
  const { verdict, claim, claimSource, finding, summary, attempts } = cell
  const attempt = attempts.at(-1)?.id ?? null
  return { kernel: kernel.id, image: kernel.sha256, verdict, claim, claimSource, finding, summary, attempt }
}

/** One sentence about a change. */
function summaryOf(change: Change, from: DiffSide | null, to: DiffSide | null, { before, relation }: KernelPair): string {
  const than = relation === 'predecessor' || relation === 'replaced' ? ` (${before?.build ?? before?.id})` : ''
  switch (change) {
    case 'regressed':
    case 'fixed':
      return `${from?.verdict}${than} before, ${to?.verdict} now: ${to?.summary}`
    case 'flaky':
      return `${from?.verdict} before, ${to?.verdict} now, and this kernel image gave both answers`
    case 'no-longer-decided':
    case 'newly-decided':
    case 'spurious':
      return `${from?.verdict} before, ${to?.verdict} now: ${to?.summary}`
    case 'listing-changed':
      return `${from?.claim} by ${from?.claimSource} before, ${to?.claim} by ${to?.claimSource} now`
    case 'gone':
      return `${from?.verdict} before, not asked now`
    case 'appeared':
      return `${to?.verdict}, not asked before`
    case 'same':
      return `${to?.verdict}, as before`
  }
}

function runOf({ run: { id, startedAt, complete } }: ComparedReport): RunDiff['before'] {
  return { id, startedAt, complete }
}

/** Ids of the kernels that only the first of two reports has, in version order. */
function onlyIn(one: ComparedReport, other: ComparedReport): string[] {
  const known = new Set(other.kernels.map(({ id }) => id))
  return one.kernels
    .filter(({ id }) => !known.has(id))
    .toSorted(compareKernels)
    .map(({ id }) => id)
}

/** Order by what a person must act on, then by kernel, case and profile. */
function byUrgency(kernels: readonly ReportKernel[]): (a: DiffEntry, b: DiffEntry) => number {
  const ranks = new Map(kernels.toSorted(compareKernels).map(({ id }, rank) => [id, rank]))
  const rank = ({ before, after }: DiffEntry) => ranks.get((after ?? before)?.kernel ?? '') ?? 0
  return (a, b) =>
    CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
    rank(a) - rank(b) ||
    compareText(a.case, b.case) ||
    compareText(a.profile, b.profile)
}
