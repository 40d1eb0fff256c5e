/** What the cell of a commit means to a bisection: an answer, an untestable commit, or a fault of the host, which is neither. */
import type { Answer, BisectTarget } from '#domain/report/bisect.ts'
import type { Outcome, Verdict } from '#domain/judgement.ts'

/** The part of a judged cell that a bisection needs. */
export interface JudgedCommit {
  readonly verdict: Verdict
  readonly missProbability: number | null
  readonly attempts: readonly { readonly outcome: Outcome }[]
}

/** `infra`: the host failed, which says nothing about the commit, not even that it is untestable. */
export type CommitAnswer = { readonly answer: Answer; readonly errorProbability: number } | 'infra'

const certain = (answer: Answer): CommitAnswer => ({ answer, errorProbability: 0 })

/**
 * The answer of a commit. A crash is not the symptom of a case, so it says nothing about the bug. An error makes a commit
 * untestable only after it occurred twice without a fault of this host.
 */
export function answerOf({ verdict, missProbability, attempts }: JudgedCommit): CommitAnswer {
  const count = (...outcomes: Outcome[]) => attempts.filter(({ outcome }) => outcomes.includes(outcome)).length
  switch (verdict) {
    case 'lacks':
      return certain('shows-bug')
    case 'carries':
      return { answer: 'no-bug', errorProbability: missProbability ?? 0 }
    case 'inconclusive':
      return certain('inconclusive')
    case 'not-applicable':
      return certain('not-applicable')
    case 'error':
      if (count('infra') > 0 && count('error', 'unrelated-crash') < 2) return 'infra'
      return certain(count('unrelated-crash') > 0 ? 'crashed' : 'case-error')
    case 'no-result':
      return count('no-boot') > 0 && count('infra') === 0 ? certain('does-not-boot') : 'infra'
  }
}

/** The target of a bisection, from the answers of both ends; null when they do not differ or one is untestable. */
export function bisectTargetOf(oldEnd: Answer, newEnd: Answer): BisectTarget | null {
  if (oldEnd === 'no-bug' && newEnd === 'shows-bug') return 'bug'
  return oldEnd === 'shows-bug' && newEnd === 'no-bug' ? 'fix' : null
}

/** Repetitions of an inconclusive race, each twice as long as the one before. */
const MAX_REPEATS = 2

/** Seconds of the next attempt of a race after `asked` attempts; null when there is no further one. */
export function repeatSeconds(answer: Answer, asked: number, raceSeconds: number): number | null {
  return answer === 'inconclusive' && asked <= MAX_REPEATS ? raceSeconds * 2 ** asked : null
}
