/** Whether restored guests answer as freshly booted ones do: every case both ways, and the rate of a race on its control. */
import { join } from 'node:path'
import type { Trials } from '#domain/control.ts'
import type { ReportAttempt, ReportCell } from '#domain/report/matrix.ts'
import type { PlanOf } from '#plan/plan.ts'
import type { GuestInputs } from '#run/context/context.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { chooseControls, CONTROLS, findControls, readControls } from '#run/prepare/controls.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { sayAccelerator, wantedAccelerator } from '../support/accelerator.ts'
import { machineLine } from '../support/figures.ts'
import { runPlan } from '../support/run.ts'
import { openPlace, readOptions } from '../support/setup.ts'

/** The race whose rate is measured both ways. */
const RACE = 'gup-fast-vs-fork'
const HELP = `node bench/races/restored.ts [--kernels SELECTOR]... [--cases LIST] [--series SERIES] [--race-seconds S]
  [--accel kvm|tcg] [--json]

Runs every case of LIST (default: all) on the kernels of each SELECTOR (default: the set default), and on the control
of ${RACE} of SERIES (default: 5.10), twice with the same seed: in guests restored from snapshots, and in guests
booted for each attempt. Prints a line for each cell: same or different, its verdict, and which lines of its output
differ when the case is deterministic (addresses and times left out). A race has S guest seconds (default: 5), and its
verdicts are compared; on its control the rates, which must lie in each other's interval: by chance they do not in 17 %
of comparisons. Exit 1 when anything differs.`

const values = readOptions(HELP, { kernels: ['default'], cases: 'all', series: '5.10', 'race-seconds': '5', accel: undefined })

interface Row {
  readonly kernel: string
  readonly case: string
  /** Restored, booted. */
  readonly verdicts: readonly [string, string]
  /** What else differs: lines of the output (none of a race, which prints counts), guests of the wrong origin. */
  readonly differing: readonly string[]
  readonly rates: readonly [Trials, Trials] | null
  readonly same: boolean
}

await using place = await openPlace()
const { context, scratch } = place
await main()

/** Run everything both ways and print the differences. */
async function main(): Promise<void> {
  console.error(machineLine())
  const { plan, inputs } = await planned()
  const options = { kernels: context, onEvent: () => {} }
  const restored = await runPlan(plan, inputs, options, join(scratch, 'restored'))
  const booted = await runPlan({ ...plan, noSnapshot: true }, inputs, options, join(scratch, 'booted'))
  const rows = restored.cells.map((cell, index) => compare(cell, booted.cells[index], isControl(plan, cell)))
  console.log(values.json ? JSON.stringify(rows, null, 2) : rows.map(describe).join('\n'))
  const same = rows.filter((row) => row.same).length
  console.error(`${same} of ${rows.length} cells answer alike in restored and in booted guests`)
  process.exitCode = same === rows.length ? 0 : 1
}

/** The kernels with every case, and the control. Known rates are left out, so that both runs measure them. */
async function planned(): Promise<{ plan: PlanOf<'controls'>; inputs: GuestInputs }> {
  const catalogue = await readCatalogue(CATALOGUE)
  const cases = selectCases(catalogue, values.cases.split(','))
  const races = cases.filter(({ id }) => id === RACE)
  const request = { series: [values.series], fixes: [] }
  const entries = races.length === 0 ? [] : chooseControls(await readControls(CONTROLS, catalogue), request, races)
  const { controls } = await findControls(CONTROLS, entries.slice(0, 1), context)
  const ids = controls.map(({ kernel }) => kernel)
  const selectors = [...ids, ...values.kernels]
  const accelerator = wantedAccelerator(values.accel)
  const wanted = {
    kernels: selectors,
    cases: cases.map(({ id }) => id),
    noSnapshot: false,
    races: 'by chance' as const,
    seed: '1',
    ...(accelerator && { accelerator }),
  }
  const { common, inputs } = await prepare(wanted, context, () => {})
  sayAccelerator(common.accelerator)
  const raceSeconds = Number(values['race-seconds'])
  return { plan: { ...common, kind: 'controls', controls, rates: [], raceSeconds }, inputs }
}

function isControl(plan: PlanOf<'controls'>, cell: ReportCell): boolean {
  return plan.controls.some((control) => control.kernel === cell.kernel && control.case === cell.case)
}

/** A line of output without addresses and times, which differ between any two guests. */
function plain(line: string): string {
  return line.replaceAll(/\b0x[0-9a-f]+\b/g, 'ADDRESS').replaceAll(/\b\d+(\.\d+)?(?= ?(ns|us|ms|s)\b)/g, 'TIME')
}

/** Every line that only one of two attempts has. */
function differences(one: ReportAttempt | undefined, other: ReportAttempt | undefined): string[] {
  const words = (attempt: ReportAttempt | undefined): string[] => [
    `outcome ${attempt?.outcome}, ${attempt?.ending}, taint ${JSON.stringify(attempt?.taint)}`,
    ...(attempt?.splats ?? []).map(({ title }) => `splat ${title}`),
    ...(attempt?.output ?? []).map(plain),
  ]
  const [mine, theirs] = [words(one), words(other)]
  const length = Math.max(mine.length, theirs.length)
  return Array.from({ length }, (_, at) => at).flatMap((at) => (mine[at] === theirs[at] ? [] : [`${mine[at]} | ${theirs[at]}`]))
}

function compare(restored: ReportCell, booted: ReportCell | undefined, ofControl: boolean): Row {
  const verdicts = [restored.verdict, booted?.verdict ?? 'no-result'] as const
  const isRace = restored.case === RACE
  const differing = isRace ? [] : differences(restored.attempts.at(-1), booted?.attempts.at(-1))
  const rates = ofControl && restored.race && booted?.race ? ([restored.race.trials, booted.race.trials] as const) : null
  const wrongOrigin = [
    ...restored.attempts.filter(({ origin }) => origin === 'booted'),
    ...(booted?.attempts ?? []).filter(({ origin }) => origin !== 'booted'),
  ].map(({ attempt, origin }) => `attempt ${attempt} was made in a ${origin} guest`)
  const alike = ofControl ? rates !== null && isWithin(...rates) && isWithin(rates[1], rates[0]) : true
  const same = verdicts[0] === verdicts[1] && differing.length === 0 && wrongOrigin.length === 0 && alike
  return { kernel: restored.kernel, case: restored.case, verdicts, differing: [...differing, ...wrongOrigin], rates, same }
}

/** Whether a rate lies within the interval of another. */
function isWithin(one: Trials, other: Trials): boolean {
  const { low, high } = rateInterval(other)
  const rate = one.hits / one.trials
  return low <= rate && rate <= high
}

function describe({ kernel, case: name, verdicts, differing, rates, same }: Row): string {
  const rate = (trials: Trials): string => {
    const { low, high } = rateInterval(trials)
    const percent = (part: number): string => (part * 100).toFixed(4)
    return `${trials.hits} hits in ${trials.trials} trials, ${percent(low)}..${percent(high)} %`
  }
  const words = [
    verdicts[0] === verdicts[1] ? verdicts[0] : `restored ${verdicts[0]}, booted ${verdicts[1]}`,
    ...(rates === null ? [] : [`restored ${rate(rates[0])}`, `booted ${rate(rates[1])}`]),
    ...differing.map((line) => `\n    ${line}`),
  ]
  return `${same ? 'same     ' : 'different'} ${kernel} ${name}: ${words.join('; ')}`
}
