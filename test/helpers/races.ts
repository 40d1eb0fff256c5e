/** Races to render: standings of every kind, with numbers that follow from each other as the judge's do. */
import type { Control, ControlRate, RaceStanding } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'
import type { ReportKernel } from '#domain/report/matrix.ts'
import { missProbability, rateInterval, trialsNeeded } from '#verdict/race/statistics.ts'

/** A kernel known to be bad: the fix was taken out of the source of a line. */
export const CONTROL_KERNEL: ReportKernel = {
  id: 'tree-5.10.262-57efa1fe5957-0a1b2c3d4e5f',
  provider: 'tree',
  version: '5.10.262',
  series: '5.10.y',
  build: '0a1b2c3d4e5f',
  flavour: '57efa1fe5957',
  arch: 'x86_64',
  release: '5.10.262-kw',
  sha256: 'cd34'.repeat(16),
}

export const CONTROL: Control = {
  kernel: CONTROL_KERNEL.id,
  base: 'tree-5.10.262-base-00112233aabb',
  series: '5.10',
  fix: '57efa1fe5957',
  kind: 'bad',
  case: 'gup-fast-vs-fork',
  blinds: [],
  summary: '57efa1fe5957 taken out of linux-source-5.10 5.10.262-1',
}

/** How often that kernel showed the bug. */
export const RATE: ControlRate = {
  hits: 14,
  trials: 1500,
  case: CONTROL.case,
  program: 'ef56'.repeat(16),
  codePath: 'pin-longterm-test',
  kernel: CONTROL.kernel,
  series: '5.10.y',
  profile: 'x86_64-tcg-2cpu-512m',
  controlSummary: CONTROL.summary,
  measuredAt: '2026-11-02T03:00:00.000Z',
  conditions: { host: 'Linux 6.1.0-50-amd64, 2 x Example CPU at 2.50GHz', qemu: '7.2.22', load: 'quiet' },
}

/** The same of another line, by a kernel that no report has. */
export const RATE_ELSEWHERE: ControlRate = { ...RATE, kernel: 'tree-6.12.117-57efa1fe5957-5e6f7a8b9c0d', series: '6.12.y' }

const NOTHING_TO_LEAN_ON = 'Nobody has seen this program hit on a kernel known to be bad, so this says little.'

/** The standing of a cell with so many trials; numbers as they follow from the control's rate. */
export function standing(trials: Trials, changes: Partial<RaceStanding> = {}): RaceStanding {
  // One hit is proof: it needs no reference rate.
  const { reference = trials.hits > 0 ? null : RATE, maxMissProbability = 1e-6 } = changes
  const referenceInterval = reference && rateInterval(reference)
  return {
    codePath: 'pin-longterm-test',
    trials,
    interval: rateInterval(trials),
    reference,
    referenceInterval,
    extrapolated: false,
    missProbability: referenceInterval && missProbability(referenceInterval.low, trials.trials),
    maxMissProbability,
    trialsRemaining:
      referenceInterval && Math.max(0, (trialsNeeded(referenceInterval.low, maxMissProbability) ?? 0) - trials.trials),
    explanation: [
      trials.hits > 0 ? 'The bug was seen here, so this kernel lacks the fix.' : 'The bug did not show itself here.',
      ...(reference === null && trials.hits === 0 ? [NOTHING_TO_LEAN_ON] : []),
    ],
    ...changes,
  }
}
