/** A control matrix of one series for tests: two bad controls, a race and a good one, as required unless changed. */
import { buildReport } from '#analysis/matrix/report.ts'
import type { Control, ControlRate, RaceStanding, Trials } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { Report } from '#domain/report/matrix.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { race, theCase } from '../judging.ts'

/** Verdicts by `ROW/CASE` that are other than they must be, with the trials of a race where they matter. */
export type Changes = Readonly<Record<string, readonly [verdict: Verdict, trials?: Trials]>>

const control = (fix: string, own: string, more: Partial<Control> = {}): Control => ({
  kernel: `k-${fix}`,
  base: 'k-base',
  series: '5.10',
  fix,
  kind: 'bad',
  case: own,
  blinds: [],
  summary: `${fix} taken out of linux-source-5.10 5.10.262-1`,
  ...more,
})

export const matrixControls: readonly Control[] = [
  control('no-event', 'event', { blinds: ['layout'] }),
  control('no-layout', 'layout'),
  control('no-seqcount', 'race'),
  control('posted-pages', 'pages', { kind: 'good' }),
]

const CASES = [...['event', 'layout', 'pages'].map((id) => ({ ...theCase, id })), { ...race, id: 'race' }]

/** What each row says, case by case. */
const ROWS: Readonly<Record<string, readonly Verdict[]>> = {
  base: ['carries', 'carries', 'lacks', 'inconclusive'],
  'no-event': ['lacks', 'not-applicable', 'lacks', 'inconclusive'],
  'no-layout': ['carries', 'lacks', 'lacks', 'inconclusive'],
  'no-seqcount': ['carries', 'carries', 'lacks', 'lacks'],
  'posted-pages': ['carries', 'carries', 'carries', 'inconclusive'],
}

const kernel = (row: string): Kernel => ({
  id: `k-${row}`,
  provider: 'tree',
  version: '5.10.262',
  series: '5.10.y',
  build: row,
  flavour: row,
  arch: 'x86_64',
})

function standing(trials: Trials): RaceStanding {
  const nothing = { codePath: 'pin-module', reference: null, referenceInterval: null, extrapolated: false, missProbability: null }
  return { ...nothing, trials, interval: rateInterval(trials), maxMissProbability: 1e-6, trialsRemaining: null, explanation: [] }
}

/** The report of that matrix. */
export function controlMatrixReport(changes: Changes): Report {
  const cells = Object.entries(ROWS).flatMap(([row, verdicts]) =>
    CASES.map(({ id, oracle }, index) => {
      const [verdict, given] = changes[`${row}/${id}`] ?? [verdicts[index] ?? 'no-result']
      const asked = oracle === 'statistical' && verdict !== 'not-applicable' && verdict !== 'no-result'
      const trials = given ?? (asked ? { hits: verdict === 'lacks' ? 20 : 0, trials: 4000 } : null)
      const told = { summary: 'A sentence.', reasons: [], missProbability: null, attempts: [] }
      return { kernel: `k-${row}`, case: id, profile: 'p', verdict, trials, race: trials && standing(trials), ...told }
    }),
  )
  const host = { kernel: '6.1.0-49', qemu: '7.2.22', cpus: 2, accelerator: 'tcg' }
  const run = { id: '2026-01-31-1', startedAt: '2026-01-31T10:00:00.000Z', complete: true, seed: '1', host }
  const kernels = Object.keys(ROWS).map((row) => ({ ...kernel(row), release: null, sha256: null }))
  return buildReport({ run, kernels, cases: CASES, controls: matrixControls, cells })
}

/** A rate from such a matrix. */
export const matrixRate: ControlRate = {
  case: 'race',
  program: 'ab'.repeat(32),
  codePath: 'pin-module',
  kernel: 'k-no-seqcount',
  series: '5.10.y',
  profile: 'x86_64-tcg-2cpu-512m',
  hits: 20,
  trials: 4000,
  conditions: { host: '6.1.0-49, 2 x some CPU', qemu: '7.2.22', load: 'quiet' },
  controlSummary: 'no-seqcount taken out of linux-source-5.10 5.10.262-1',
  measuredAt: '2026-01-31T10:05:00.000Z',
}
