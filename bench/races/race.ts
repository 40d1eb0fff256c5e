/** How soon gup-fast-vs-fork hits where the bug is, and how long it takes to show that the bug is not there. */
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import type { Plan } from '#plan/plan.ts'
import type { GuestInputs } from '#run/context/context.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { chooseControls, CONTROLS, findControls, readControls } from '#run/prepare/controls.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { sayAccelerator, wantedAccelerator } from '../support/accelerator.ts'
import { machineLine, median, type Row } from '../support/figures.ts'
import { runPlan } from '../support/run.ts'
import { openPlace, printRows, readOptions } from '../support/setup.ts'

const CASE = 'gup-fast-vs-fork'

const HELP = `node bench/races/race.ts [--kernels SELECTOR] [--series LIST] [--accel kvm|tcg] [--json]

Runs ${CASE} on its known-bad controls and prints guest seconds to the first hit, in fresh guests. Runs it on the
kernels of SELECTOR (default: the newest of each series) of the series in LIST (default: 5.10.y,6.1.y,6.12.y,7.3.y)
and prints guest seconds until the miss probability is low enough, by the rates that the same run measured.
The floor is the same number of forks and pinnings one after the other, as the program times them in that guest.`

const values = readOptions(HELP, {
  kernels: 'debian:latest-of-each-series',
  series: '5.10.y,6.1.y,6.12.y,7.3.y',
  accel: undefined,
})

await using place = await openPlace()
const { context, scratch } = place
await main()

/** Run the race everywhere and print its times. */
async function main(): Promise<void> {
  const machine = machineLine()
  const { plan, inputs } = await planned()
  const report = await runPlan(plan, inputs, { kernels: context, onEvent: () => {} }, scratch)
  const rows = report.cells.flatMap((cell) => rowOf(report, cell))
  const words = report.cells.map((cell) => wordsOf(report, cell))
  printRows(rows, { json: values.json, machine, below: words })
}

/** The controls of the case, then the kernels that are judged by their rates. */
async function planned(): Promise<{ plan: Plan; inputs: GuestInputs }> {
  const catalogue = await readCatalogue(CATALOGUE)
  const cases = selectCases(catalogue, [CASE])
  const entries = chooseControls(await readControls(CONTROLS, catalogue), { series: [], fixes: [] }, cases)
  const { kernels: all, controls } = await findControls(CONTROLS, entries, context)
  const ids = all.map(({ id }) => id).filter((id) => controls.some(({ kernel }) => kernel === id))
  const accelerator = wantedAccelerator(values.accel)
  const request = {
    kernels: [...ids, values.kernels],
    cases: [CASE],
    noSnapshot: false,
    races: 'by chance' as const,
    ...(accelerator && { accelerator }),
  }
  const { common, inputs } = await prepare(request, context, () => {})
  sayAccelerator(common.accelerator)
  const series = values.series.split(',')
  const kernels = common.kernels.filter((kernel) => ids.includes(kernel.id) || series.includes(kernel.series))
  return { plan: { ...common, kind: 'controls', kernels, controls, rates: [] }, inputs }
}

/** Microseconds that fork and pinning take one after the other, as the program prints them; 0 where it prints none. */
function sidesMicroseconds(output: readonly string[]): number {
  const [, a = 0, b = 0] = /alone \S+ takes (\d+) us, \S+ (\d+) us/.exec(output.join('\n')) ?? []
  return Number(a) + Number(b)
}

function guestSeconds({ output }: ReportCell['attempts'][number]): number {
  return Number(/trials\/s in ([\d.]+) s/.exec(output.join('\n'))?.[1] ?? Number.NaN)
}

/** A row for a kernel: of a control its attempts one by one, of any other kernel their sum. */
function rowOf(report: Report, cell: ReportCell): Row[] {
  const raced = cell.attempts.filter((attempt) => !Number.isNaN(guestSeconds(attempt)))
  if (raced.length === 0) return []
  const seconds = raced.map(guestSeconds)
  const sides = median(raced.map(({ output }) => sidesMicroseconds(output))) / 1e6
  const { version } = report.kernels.find(({ id }) => id === cell.kernel) ?? { version: cell.kernel }
  const trials = cell.race?.trials.trials ?? 0
  if (report.controls.some(({ kernel }) => kernel === cell.kernel)) {
    return [{ what: `${version} known bad, to the first hit`, seconds, floor: (sides * trials) / raced.length, budget: 1 }]
  }
  const sum = seconds.reduce((all, one) => all + one, 0)
  return [{ what: `${version} ${cell.verdict}`, seconds: [sum], floor: sides * trials, budget: 30 }]
}

function wordsOf(report: Report, { kernel, verdict, race, attempts, summary }: ReportCell): string {
  if (!race) return `${kernel}: ${verdict}: ${summary}`
  const { codePath, trials, missProbability, extrapolated } = race
  const counted = `${kernel}: ${verdict}, ${codePath}, ${trials.hits} hits in ${trials.trials} trials`
  if (report.controls.some((control) => control.kernel === kernel)) {
    return `${counted}, ${attempts.filter(({ outcome }) => outcome === 'reproduced').length} of ${attempts.length} attempts hit`
  }
  const probability = missProbability?.toExponential(1) ?? 'unknown'
  return `${counted}, miss probability ${probability}${extrapolated ? ', extrapolated from another series' : ''}`
}
