/** The words and signs every renderer shares, so that a verdict reads the same on a terminal and in a browser. */
import type { Finding, Verdict } from '#domain/judgement.ts'

export interface VerdictWords {
  readonly glyph: string
  /** For terminals and fonts without the glyph. */
  readonly ascii: string
  /** Short word for a matrix. */
  readonly word: string
  /** What it means, for people who meet it first. */
  readonly meaning: string
}

export const VERDICT_WORDS: Readonly<Record<Verdict, VerdictWords>> = {
  carries: { glyph: '✔', ascii: '+', word: 'carries', meaning: 'the bug was not seen where it would have been' },
  lacks: { glyph: '✘', ascii: 'x', word: 'lacks', meaning: 'the bug was seen' },
  unproven: { glyph: '?', ascii: '?', word: 'unproven', meaning: 'not seen, and not tried often enough to say' },
  'not-applicable': { glyph: '–', ascii: '-', word: 'n/a', meaning: 'cannot be asked of this kernel' },
  broken: { glyph: '!', ascii: '!', word: 'broken', meaning: 'the test itself failed, so it says nothing' },
  missing: { glyph: '∅', ascii: '0', word: 'missing', meaning: 'no attempt came to an answer' },
}

export const FINDING_WORDS: Readonly<Record<Finding, { readonly title: string; readonly meaning: string }>> = {
  'claimed-but-lacks': { title: 'Claimed but lacks', meaning: 'the paperwork says carried, and the bug was seen' },
  'carried-unclaimed': { title: 'Carried unclaimed', meaning: 'the paperwork says missing, and the fix is there' },
  agrees: { title: 'Agrees', meaning: 'verdict and paperwork say the same' },
  unproven: { title: 'Unproven', meaning: 'verdict or paperwork is silent, so nothing can be held against the other' },
}

/** The verdicts that want a person's attention: nothing was learnt. */
export const NO_ANSWERS = ['broken', 'missing'] as const satisfies readonly Verdict[]
