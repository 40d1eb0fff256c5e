/** Before and after, cell by cell: the effect of a patch on each case, and new kernel reports. */
import type { Verdict } from '#domain/judgement.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import type { Oracle } from '#domain/case.ts'

/** The change of a case's verdict. */
export type Change =
  /** From lacks to carries. */
  | 'fixed'
  /** The same; of a race without a hit, whatever the number of trials. */
  | 'unchanged'
  /** To lacks: the bug is new. */
  | 'broke'
  /** From lacks to inconclusive: not seen any more, with too few trials to decide. */
  | 'inconclusive'
  /** From an answer to none: the case does not apply any more, or fails. */
  | 'lost'
  /** From no answer to one without the bug. */
  | 'gained'
  /** No answer before or after, by a fault of the machine or the case. */
  | 'no-answer'

export interface VerifyCell {
  readonly case: string
  readonly isTarget: boolean
  readonly oracle: Oracle
  /** Null where the report has no such cell. */
  readonly before: Verdict | null
  readonly after: Verdict | null
  readonly change: Change
  /** Number of attempts before and after. */
  readonly runs: number
  /** Miss probability of the race on the patched kernel; null without a reference rate, or where none is needed. */
  readonly missProbability: number | null
}

export interface NewSplat {
  readonly title: string
  /** Cases with the report on the console of the patched kernel. */
  readonly cases: readonly string[]
}

/** The kind of a change of verdicts. */
export function changeOf(before: Verdict | null, after: Verdict | null, oracle: Oracle): Change {
  const comparable = (verdict: Verdict | null) => (oracle === 'statistical' && verdict === 'inconclusive' ? 'carries' : verdict)
  if (before === null || after === null || before === 'no-result' || after === 'no-result') return 'no-answer'
  if (before === 'error') return after === 'error' ? 'unchanged' : 'no-answer'
  if (before === 'lacks' && after === 'inconclusive') return 'inconclusive'
  if (comparable(before) === comparable(after)) return 'unchanged'
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

/** Kernel reports of the patched kernel that its base did not give in any case, without notices, which userspace causes. */
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

/** Whether no guest of a kernel booted, although guests of the other one did. */
export function neverBooted(report: Report, before: string, after: string): boolean {
  const outcomes = (kernel: string) => cellsOf(report, kernel).flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome))
  const [old, now] = [outcomes(before), outcomes(after)]
  return now.length > 0 && now.every((outcome) => outcome === 'no-boot') && old.some((outcome) => outcome !== 'no-boot')
}
