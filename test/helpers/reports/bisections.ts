/** A bisection as tests build it: five commits, one of which does not build, and one with the kernel of another. */
import type { EndedBisection } from '#analysis/bisect/report.ts'
import type { BisectStep } from '#domain/report/bisect.ts'
import { sampleCase } from '../judging.ts'

export const hash = (digit: string): string => digit.repeat(40)

export const step = (digit: string, changes: Partial<BisectStep> = {}): BisectStep => ({
  commit: hash(digit),
  subject: `mm: commit ${digit}`,
  role: 'between',
  answer: 'no-bug',
  errorProbability: 0,
  summary: 'The bug was not seen.',
  reasons: [{ channel: 'output', line: 4, rule: 'output/ok', text: 'test 1: ok' }],
  verdict: 'carries',
  trials: null,
  attempts: [{ outcome: 'not-reproduced', seconds: 0.4 }],
  kernel: `tree-5.10.262-base-${digit}`,
  run: '2026-01-31-1',
  binary: digit,
  sameAs: null,
  startedAt: '2026-01-31T00:00:00.000Z',
  buildSeconds: 5,
  testSeconds: 1.5,
  ...changes,
})

const theCase = sampleCase('mm-case', {
  title: 'mm: what it is about',
  subsystem: 'mm',
  fixes: [],
  symptom: 'A page is shared that must not be.',
  timing: { expectedSeconds: 0.3, timeoutSeconds: 10 },
})

const shows = { answer: 'shows-bug', verdict: 'lacks', summary: 'The bug was seen: A page is shared that must not be.' } as const

const unbuilt = { binary: null, kernel: null, run: null, verdict: null } as const

export const ended = (changes: Partial<EndedBisection> = {}): EndedBisection => ({
  id: '2026-01-31-1',
  startedAt: '2026-01-31T00:00:00.000Z',
  request: {
    tree: '/src/linux',
    old: { name: 'v5.10.1', commit: hash('0') },
    new: { name: 'v5.10.2', commit: hash('5') },
    paths: [],
    firstParent: false,
    terms: { old: 'old', new: 'new' },
    knownMarks: { old: [], skip: [] },
    case: theCase,
    configs: [],
    seed: '7',
    maxMissProbability: 1e-6,
    raceSeconds: 30,
  },
  target: 'bug',
  steps: [
    step('0', { role: 'old-end' }),
    step('5', { role: 'new-end', ...shows }),
    step('3', shows),
    step('2', { ...unbuilt, answer: 'does-not-build', summary: 'mm/gup.c:1: error: | stop' }),
    step('1', { sameAs: hash('0'), attempts: [] }),
  ],
  rates: [],
  end: { kind: 'one-of', commits: [hash('2'), hash('3')] },
  commits: ['2', '3'].map((digit) => ({
    commit: hash(digit),
    author: 'A <a@example.org>',
    date: '2026-01-30',
    subject: `mm: commit ${digit}`,
    trailers: ['Fixes: 123456789abc ("what")'],
  })),
  candidates: 5,
  log: `git bisect start\ngit bisect new ${hash('3')}`,
  ...changes,
})
