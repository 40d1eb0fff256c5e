/** Whole runs as a user makes them, from the command to the report: many kernels x every deterministic case. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { availableParallelism } from 'node:os'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { newPlace, readReport, runCli } from '#test/helpers/cli.ts'
import { acceleratorWords, sayAccelerator } from './support/accelerator.ts'
import { machineLine, median } from './support/figures.ts'
import { budgeted, measureFloor } from './support/floor.ts'
import { readOptions } from './support/setup.ts'

const HELP = `node bench/matrix.ts [--kernels SELECTOR] [--cases LIST] [--rounds N] [--accel kvm|tcg] [--json]

Runs every deterministic case (or those of LIST) on the kernels of SELECTOR (default: the set default; debian:* is all)
in a cache of its own that shares the kernels: first with no saved guests, then N times (default: 1) with them. Prints
wall seconds of the whole command, and the floor: as many starts of QEMU as there are attempts,
divided among the cores. A budget is printed in seconds and scaled to this host, whose
QEMU may start slower than where it was set. Exit 1 when a cell is broken or missing, or a verdict changed.`

const BUDGETS: Readonly<Record<string, { readonly none: number | null; readonly saved: number }>> = {
  default: { none: null, saved: 25 },
  'debian:*': { none: 360, saved: 180 },
}
const values = readOptions(HELP, { kernels: 'default', cases: undefined, rounds: '1', accel: undefined })

interface Whole {
  readonly what: string
  readonly seconds: number
  readonly floor: number
  readonly budget: number | null
  readonly budgetHere: number | null
  readonly attempts: number
  readonly counts: Readonly<Record<string, number>>
  readonly verdicts: string
}

const place = await newPlace('guests and host')
try {
  const line = machineLine()
  const deterministic = (await readCatalogue(CATALOGUE)).filter(({ oracle }) => oracle === 'deterministic').map(({ id }) => id)
  const cases = values.cases ?? deterministic.join(',')
  const budget = BUDGETS[values.kernels]
  await rm(join(place.cache, 'guests'), { recursive: true, force: true })
  const wholes = [await runWhole('no saved guests', cases, budget?.none ?? null)]
  for (let round = 0; round < Number(values.rounds); round += 1)
    wholes.push(await runWhole('saved guests', cases, budget?.saved ?? null))
  if (values.json)
    console.log(
      JSON.stringify(
        wholes.map(({ verdicts: _, ...rest }) => rest),
        null,
        2,
      ),
    )
  else console.log([line, ...wholes.map(describe)].join('\n'))
  const bad = wholes.filter(({ counts, verdicts }) => counts['error'] || counts['no-result'] || verdicts !== wholes[0]?.verdicts)
  process.exitCode = bad.length === 0 ? 0 : 1
} finally {
  await place.remove()
}

async function runWhole(what: string, cases: string, budget: number | null): Promise<Whole> {
  const floor = median(await measureFloor(9))
  const bound = budget === null ? { budget, budgetHere: null } : budgeted(budget, floor)
  const started = performance.now()
  const words = [
    'run',
    '--kernels',
    values.kernels,
    '--cases',
    cases,
    '--seed',
    '1',
    '--rerun',
    'all',
    '--json',
    '--out',
    place.out,
    ...acceleratorWords(values.accel),
  ]
  const ended = await runCli(place, words)
  const seconds = (performance.now() - started) / 1000
  const { cells, counts, run } = readReport(ended)
  sayAccelerator(run.host.accelerator)
  const attempts = cells.reduce((sum, cell) => sum + cell.attempts.length, 0)
  const verdicts = JSON.stringify(cells.map(({ kernel, case: name, verdict }) => [kernel, name, verdict]))
  return { what, seconds, floor: (attempts * floor) / availableParallelism(), ...bound, attempts, counts, verdicts }
}

function describe({ what, seconds, floor, budget, budgetHere, attempts, counts }: Whole): string {
  const sizes = Object.entries(counts)
    .filter(([, cells]) => cells > 0)
    .map(([name, cells]) => `${cells} ${name}`)
  const bound = budgetHere === null ? '' : `, budget ${budget} s, here ${budgetHere.toFixed(1)} s`
  return `${what}: ${seconds.toFixed(1)} s for ${attempts} attempts (floor ${floor.toFixed(1)} s${bound}); ${sizes.join(', ')}`
}
