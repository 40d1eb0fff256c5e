/** One total function from two results to one word. */
import type { Verdict } from '#domain/judgement.ts'
import type { Change, DiffSide } from '#domain/report/diff.ts'

/** What a verdict is worth when two are compared: an answer about the fix, one about the question, or none. */
const WORTH: Readonly<Record<Verdict, 'yes-no' | 'not-asked' | 'none' | 'lost'>> = {
  carries: 'yes-no',
  lacks: 'yes-no',
  'not-applicable': 'not-asked',
  inconclusive: 'none',
  error: 'none',
  'no-result': 'lost',
}

/** How much a verdict says: the more, the higher. */
const RANK = { 'yes-no': 2, 'not-asked': 1, none: 0, lost: 0 } as const

/** What of two results is compared. */
export type Comparable = Pick<DiffSide, 'image' | 'verdict' | 'claim' | 'finding'>

/**
 * What became of a result; null where a run does not have it. `answers` are those of earlier runs for the image of the newer
 * side: an image that has given both answers is flaky, whatever the two sides say.
 */
export function changeOf(before: Comparable | null, after: Comparable | null, answers: ReadonlySet<Verdict> = new Set()): Change {
  if (before === null) return after === null ? 'same' : 'appeared'
  if (after === null) return 'gone'
  const [was, is] = [WORTH[before.verdict], WORTH[after.verdict]]
  if (is === 'lost') return was === 'lost' ? 'same' : 'spurious'
  if (was === 'yes-no' && is === 'yes-no') {
    if (before.verdict === after.verdict) return listingOf(before, after)
    const isSameImage = before.image !== null && before.image === after.image
    if (isSameImage || (answers.has('carries') && answers.has('lacks'))) return 'flaky'
    return after.verdict === 'lacks' ? 'regressed' : 'fixed'
  }
  if (RANK[is] < RANK[was]) return 'no-longer-decided'
  if (RANK[is] > RANK[was]) return 'newly-decided'
  return listingOf(before, after)
}

/** The same answer: whether the claim sources still say the same of it. */
function listingOf(before: Comparable, after: Comparable): Change {
  return before.claim === after.claim && before.finding === after.finding ? 'same' : 'listing-changed'
}
