/** A square of one line to hold tests against: two bad controls, a race and a good one, as they must be unless changed. */
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
  line: '5.10',
  fix,
  kind: 'bad',
  case: own,
  blinds: [],
  because: `${fix} taken out of linux-source-5.10 5.10.262-1`,
  ...more,
})

export const squareControls: readonly Control[] = [
  control('no-event', 'event', { blinds: ['layout'] }),
  control('no-layout', 'layout'),
  control('no-seqcount', 'race'),
  control('posted-pages', 'pages', { kind: 'good' }),
]

const CASES = [...['event', 'layout', 'pages'].map((id) => ({ ...theCase, id })), { ...race, id: 'race' }]

/** What each row says, case by case. */
const ROWS: Readonly<Record<string, readonly Verdict[]>> = {
  base: ['carries', 'carries', 'lacks', 'unproven'],
  'no-event': ['lacks', 'not-applicable', 'lacks', 'unproven'],
  'no-layout': ['carries', 'lacks', 'lacks', 'unproven'],
  'no-seqcount': ['carries', 'carries', 'lacks', 'lacks'],
  'posted-pages': ['carries', 'carries', 'carries', 'unproven'],
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
  const nothing = { trigger: 'pin-module', control: null, controlInterval: null, borrowed: false, missChance: null }
  return { ...nothing, trials, interval: rateInterval(trials), bound: 1e-6, trialsMissing: null, words: [] }
}

/** The report of that square. */
export function squareReport(changes: Changes): Report {
  const cells = Object.entries(ROWS).flatMap(([row, verdicts]) =>
    CASES.map(({ id, witness }, index) => {
      const [verdict, given] = changes[`${row}/${id}`] ?? [verdicts[index] ?? 'missing']
      const asked = witness === 'race' && verdict !== 'not-applicable' && verdict !== 'missing'
      const trials = given ?? (asked ? { hits: verdict === 'lacks' ? 20 : 0, trials: 4000 } : null)
      const told = { because: 'A sentence.', reasons: [], missChance: null, attempts: [] }
      return { kernel: `k-${row}`, case: id, profile: 'p', verdict, trials, race: trials && standing(trials), ...told }
    }),
  )
  const host = { kernel: '6.1.0-49', qemu: '7.2.22', cpus: 2, accelerator: 'tcg' }
  const run = { id: '2026-01-31-1', startedAt: '2026-01-31T10:00:00.000Z', complete: true, seed: '1', host }
  const kernels = Object.keys(ROWS).map((row) => ({ ...kernel(row), release: null, sha256: null }))
  return buildReport({ run, kernels, cases: CASES, controls: squareControls, cells })
}

/** A rate as such a square gives one. */
export const squareRate: ControlRate = {
  case: 'race',
  program: 'ab'.repeat(32),
  trigger: 'pin-module',
  kernel: 'k-no-seqcount',
  series: '5.10.y',
  profile: 'x86_64-tcg-2cpu-512m',
  hits: 20,
  trials: 4000,
  conditions: { host: '6.1.0-49, 2 x some CPU', qemu: '7.2.22', load: 'quiet' },
  leansOn: 'no-seqcount taken out of linux-source-5.10 5.10.262-1',
  measuredAt: '2026-01-31T10:05:00.000Z',
}
