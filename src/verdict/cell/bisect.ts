/** What the cell of a commit means to a bisection: an answer, nothing, or a fault of ours that is never taken for either. */
import type { Answer, BisectTarget } from '#domain/report/bisect.ts'
import type { Outcome, Verdict } from '#domain/judgement.ts'

/** As much of a judged cell as a bisection looks at. */
export interface JudgedCommit {
  readonly verdict: Verdict
  readonly missProbability: number | null
  readonly attempts: readonly { readonly outcome: Outcome }[]
}

/** `infra`: this host came to no answer. Nothing may be concluded from it, not even that the commit is mute. */
export type CommitAnswer = { readonly answer: Answer; readonly errorProbability: number } | 'infra'

const certain = (answer: Answer): CommitAnswer => ({ answer, errorProbability: 0 })

/**
 * The answer of a commit. A crash is not the symptom of a case, so it says nothing about the bug; trouble decides that a
 * commit is mute only where it came twice and nothing of it was this host's.
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

/** What is looked for, from the answers of both ends; null when they do not differ or one is mute. */
export function bisectTargetOf(oldEnd: Answer, newEnd: Answer): BisectTarget | null {
  if (oldEnd === 'no-bug' && newEnd === 'shows-bug') return 'bug'
  return oldEnd === 'shows-bug' && newEnd === 'no-bug' ? 'fix' : null
}

/** Times that an undecided race is asked again, each for twice as long as before. */
const MOST_REPEATS = 2

/** Seconds to ask a race for once more, after it was asked `asked` times; null when that is enough. */
export function repeatSeconds(answer: Answer, asked: number, raceSeconds: number): number | null {
  return answer === 'inconclusive' && asked <= MOST_REPEATS ? raceSeconds * 2 ** asked : null
}
