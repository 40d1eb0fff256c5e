/** Which stored attempts a cell may reuse, and which results run anew all the same. */
import { createHash } from 'node:crypto'
import type { AttemptJudgement, Verdict } from '#domain/judgement.ts'
import { answersOf } from '#verdict/attempt/retry.ts'
import { cellKey, type Cell } from './cells.ts'
import type { PlanKind } from './plan.ts'

/** Results that run anew although their answers are known. What has changed always does. */
export interface Rerun {
  /** Nothing is reused. */
  readonly all: boolean
  readonly inconclusive: boolean
  /** Results that lack the fix. */
  readonly failed: boolean
  /** A random part: a share (0..1) of the results, or so many of them. */
  readonly sample: { readonly share: number } | { readonly count: number } | null
  /** So many of the results whose attempts are the oldest. */
  readonly oldest: number
}

/** Everything with a known answer is reused. */
export const RERUN_CHANGED: Rerun = { all: false, inconclusive: false, failed: false, sample: null, oldest: 0 }

/** Kinds of run whose results come from earlier ones: the others measure, or compare builds of their own. */
export const REUSING: readonly PlanKind[] = ['matrix', 'search']

/** Answers that must agree before a result that was contradicted is reused again. */
const AGREEING = 3

/** Repetitions of one attempt, as much as is compared. */
type Repetition = Pick<AttemptJudgement, 'outcome'> & AttemptJudgement

/**
 * The answers that may be reused, from repetitions of one attempt, the newest first: the newest ones, when they agree. Any two
 * answers that differ put the others in doubt until `AGREEING` in a row are the same. Empty where nothing may be reused.
 */
export function agreeingAnswers<T extends Repetition>(repetitions: readonly T[]): T[] {
  const newest = answersOf(repetitions).slice(0, AGREEING)
  return newest.every(({ outcome }) => outcome === newest[0]?.outcome) ? newest : []
}

/** A result that could be reused. */
export interface Reusable {
  readonly cell: Cell
  readonly verdict: Verdict
  /** ISO 8601: when its newest attempt started. */
  readonly at: string
}

/** Of the results that could be reused, those that are. `seed` decides which are in the sample. */
export function chooseReused<T extends Reusable>(all: readonly T[], rerun: Rerun, seed: string): T[] {
  if (rerun.all) return []
  const anew = new Set<T>()
  for (const one of all) {
    if (rerun.inconclusive && one.verdict === 'inconclusive') anew.add(one)
    if (rerun.failed && one.verdict === 'lacks') anew.add(one)
  }
  const take = (ordered: readonly T[], count: number): void => {
    for (const one of ordered.filter((each) => !anew.has(each)).slice(0, count)) anew.add(one)
  }
  const drawOf = ({ cell }: T): string =>
    createHash('sha256')
      .update(`${seed} ${cellKey(cell)}`)
      .digest('hex')
  take(
    inOrder(all, ({ at }) => at),
    rerun.oldest,
  )
  take(inOrder(all, drawOf), sampleSize(rerun.sample, all.length))
  return all.filter((one) => !anew.has(one))
}

/** A share of anything is at least one result. */
function sampleSize(sample: Rerun['sample'], of: number): number {
  if (sample === null) return 0
  return 'count' in sample ? sample.count : Math.ceil(sample.share * of)
}

function inOrder<T extends Reusable>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const keyed = all.map((one) => ({ one, key: `${keyOf(one)} ${cellKey(one.cell)}` }))
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ one }) => one)
}
