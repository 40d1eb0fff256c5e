/** Words and signs for all renderers, so that a verdict reads the same on a terminal and in a browser. */
import type { Finding, Verdict } from '#domain/judgement.ts'

export interface VerdictLabel {
  readonly glyph: string
  /** For terminals and fonts without the glyph. */
  readonly ascii: string
  readonly word: string
  /** For the columns of a matrix. */
  readonly short: string
  /** Explanation for new readers. */
  readonly meaning: string
}

export const VERDICT_LABELS: Readonly<Record<Verdict, VerdictLabel>> = {
  carries: {
    glyph: '✔',
    ascii: '+',
    word: 'carries',
    short: 'carries',
    meaning: 'the bug was not seen where it would show',
  },
  lacks: { glyph: '✘', ascii: 'x', word: 'lacks', short: 'lacks', meaning: 'the bug was seen' },
  inconclusive: {
    glyph: '?',
    ascii: '?',
    word: 'inconclusive',
    short: 'inconcl.',
    meaning: 'the bug was not seen, and the trials are too few to decide',
  },
  'not-applicable': { glyph: '–', ascii: '-', word: 'n/a', short: 'n/a', meaning: 'the case does not apply to this kernel' },
  error: { glyph: '!', ascii: '!', word: 'error', short: 'error', meaning: 'the test itself failed, so nothing is known' },
  'no-result': { glyph: '∅', ascii: '0', word: 'no result', short: 'no result', meaning: 'no attempt gave an answer' },
}

export const FINDING_LABELS: Readonly<Record<Finding, { readonly title: string; readonly meaning: string }>> = {
  'listed-still-affected': {
    title: 'Listed as fixed, still affected',
    meaning: 'the claim sources list the fix, and the bug was seen',
  },
  'fixed-not-listed': { title: 'Fixed, not listed', meaning: 'the claim sources do not list the fix, and the kernel carries it' },
  agrees: { title: 'Agrees', meaning: 'the verdict and the claim sources say the same' },
  'not-comparable': { title: 'Not comparable', meaning: 'the verdict or the claim sources say nothing about the fix' },
}

/** What a claim source contradicts in the data of a case. */
export const CASE_CONTRADICTED = {
  title: 'Case data contradicted',
  meaning: 'case.json and a claim source name different releases, so one of them is wrong',
} as const

/** How a reader of test results takes a verdict, where it knows nothing of fixes. */
export const TEST_STATUS: Readonly<Record<Verdict, 'pass' | 'fail' | 'skip' | 'error'>> = {
  carries: 'pass',
  lacks: 'fail',
  inconclusive: 'skip',
  'not-applicable': 'skip',
  error: 'error',
  'no-result': 'error',
}

/** The verdicts without an answer, which need a person's attention. */
export const NO_ANSWERS = ['error', 'no-result'] as const satisfies readonly Verdict[]
