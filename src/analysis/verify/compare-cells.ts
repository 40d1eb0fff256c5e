/** Before and after, cell by cell: what a patch did to each case, and which kernel reports were not there before. */
import type { Verdict } from '#domain/judgement.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import type { Oracle } from '#domain/case.ts'

/** What became of a case's verdict. */
export type Change =
  /** From lacks to carries. */
  | 'fixed'
  /** The same; of a race that was not seen, the same however often it was tried. */
  | 'unchanged'
  /** To lacks: the bug is seen where it was not. */
  | 'broke'
  /** From lacks to unproven: not seen any more, and not tried often enough to say. */
  | 'inconclusive'
  /** It gave an answer and gives none: it cannot be asked any more, or breaks. */
  | 'lost'
  /** It gave none and gives one, and the bug is not seen. */
  | 'gained'
  /** No answer before or after, by the machine's fault or the case's own. */
  | 'no-answer'

export interface VerifyCell {
  readonly case: string
  readonly isTarget: boolean
  readonly oracle: Oracle
  /** Null where the report has no such cell. */
  readonly before: Verdict | null
  readonly after: Verdict | null
  readonly change: Change
  /** Attempts that were made before and after. */
  readonly runs: number
  /** Chance that the patched kernel's clean race hides the bug; null where none can be said, or none is needed. */
  readonly missProbability: number | null
}

export interface NewSplat {
  readonly title: string
  /** Cases on whose consoles it was seen, patched. */
  readonly cases: readonly string[]
}

/** What a change of verdicts is. */
export function changeOf(before: Verdict | null, after: Verdict | null, oracle: Oracle): Change {
  const gist = (verdict: Verdict | null) => (oracle === 'statistical' && verdict === 'inconclusive' ? 'carries' : verdict)
  if (before === null || after === null || before === 'no-result' || after === 'no-result') return 'no-answer'
  if (before === 'error') return after === 'error' ? 'unchanged' : 'no-answer'
  if (before === 'lacks' && after === 'inconclusive') return 'inconclusive'
  if (gist(before) === gist(after)) return 'unchanged'
  if (after === 'lacks') return 'broke'
  if (before === 'lacks' && after === 'carries') return 'fixed'
  if (after === 'error' || after === 'not-applicable') return 'lost'
  return before === 'not-applicable' ? 'gained' : 'unchanged'
}

/** Every case of a report, before and after. */
export function compareCells(report: Report, before: string, after: string, targets: readonly string[]): VerifyCell[] {
  return report.cases.map(({ id, oracle }): VerifyCell => {
    const [old, now] = [before, after].map((kernel) => cellsOf(report, kernel).find((cell) => cell.case === id))
    return {
      case: id,
      isTarget: targets.includes(id),
      oracle,
      before: old?.verdict ?? null,
      after: now?.verdict ?? null,
      change: changeOf(old?.verdict ?? null, now?.verdict ?? null, oracle),
      runs: (old?.attempts.length ?? 0) + (now?.attempts.length ?? 0),
      missProbability: now?.missProbability ?? null,
    }
  })
}

const cellsOf = (report: Report, kernel: string): ReportCell[] => report.cells.filter((cell) => cell.kernel === kernel)

/** Kernel reports of the patched kernel that its base gave in no case; what userspace does is none. */
export function newSplats(report: Report, before: string, after: string): NewSplat[] {
  const splatsOf = (kernel: string) =>
    cellsOf(report, kernel).flatMap((cell) =>
      cell.attempts.flatMap(({ splats }) =>
        splats.filter(({ severity }) => severity !== 'notice').map(({ rule, title }) => ({ rule, title, case: cell.case })),
      ),
    )
  const keyOf = ({ rule, title }: { rule: string; title: string }) => `${rule} ${title}`
  const known = new Set(splatsOf(before).map(keyOf))
  const found = Map.groupBy(
    splatsOf(after).filter((splat) => !known.has(keyOf(splat))),
    keyOf,
  )
  return [...found.values()].map((own) => ({ title: own[0]?.title ?? '', cases: [...new Set(own.map((one) => one.case))] }))
}

/** Whether no guest of a kernel came up, though guests of the other one did. */
export function neverBooted(report: Report, before: string, after: string): boolean {
  const outcomes = (kernel: string) => cellsOf(report, kernel).flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome))
  const [old, now] = [outcomes(before), outcomes(after)]
  return now.length > 0 && now.every((outcome) => outcome === 'no-boot') && old.some((outcome) => outcome !== 'no-boot')
}
