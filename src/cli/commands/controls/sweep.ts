/** `kwitness controls --sweep`: which guests come to a hit of a race soonest, measured on its control. */
import { join } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { asTriedByChance } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { renderSweep, renderSweepJson } from '#render/controls/sweep.ts'
import { resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import type { ControlEntry } from '#schema/catalogue/controls.ts'
import { chooseControls, CONTROLS, findControls, readControls, type FoundControls } from '#run/prepare/controls.ts'
import { makeGuestInputs } from '#run/prepare/guest-inputs.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { sweepRows } from '#run/report/sweep.ts'
import { cellsOf } from '#plan/cells.ts'
import type { PlanOf } from '#plan/plan.ts'
import { maxSweepSeconds, sweepPlan } from '#plan/sweep.ts'
import { controlsRequest, type ControlsOptions } from '#cli/options/controls.ts'
import { runRequest } from '#cli/options/run.ts'
import { terminalOf } from '#cli/output/files.ts'
import type { Progress } from '#cli/output/progress.ts'
import { print } from '#cli/output/streams.ts'
import { executeCommand } from '#cli/terminal/execute.ts'
import { tellSkipped } from '#cli/output/problems.ts'

/** Sweep and give the exit code: 1 when no guest came to a hit, 3 when none came to an answer. */
export async function sweep(options: ControlsOptions): Promise<number> {
  const { resume } = options
  return executeCommand(options, {
    command: 'kwitness controls --sweep',
    printsOnly: true,
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: sweepsIn(context), kinds: ['sweep'], onSkipped: tellSkipped }, context),
    conclude: async ({ store, record }) => {
      const rows = await sweepRows(store, record)
      const text = options.json ? renderSweepJson(record.id, rows) : renderSweep(record.id, rows, terminalOf(process.stdout))
      await print(text, options.json)
      if (rows.every(({ attempts }) => attempts === 0)) return 3
      return rows.some(({ hit }) => hit > 0) ? 0 : 1
    },
  })
}

/** The store of sweeps, apart from that of runs: no report and no verdict is made of them. */
function sweepsIn({ workspace }: KernelContext): string {
  return join(workspace.state, 'sweeps')
}

async function openNew(options: ControlsOptions, context: KernelContext, progress: Progress): Promise<OpenRun | null> {
  const { caseId, found } = await choose(options, context)
  const kernels = found.controls.map(({ kernel }) => kernel)
  const request = runRequest({ ...options, kernels, cases: [caseId], interleavings: false })
  const { common } = await prepare(request, context, progress.onEvent)
  const plan = sweepPlan(common, found.controls)
  progress.end()
  process.stderr.write(`kwitness: ${describe(plan, found)}\n`)
  if (options.dryRun) return null
  return startRun(sweepsIn(context), plan, await makeGuestInputs(plan.cases, context))
}

function describe(plan: PlanOf<'sweep'>, { controls }: FoundControls): string {
  const on = controls.map(({ case: name, fix, series }) => `${name} on ${series} without ${fix}`).join(', ')
  const size = `${cellsOf(plan).length} profiles x ${plan.measure.attempts} attempts of at most ${plan.measure.seconds} s`
  return `sweep of ${on}: ${size}, at most ${Math.ceil(maxSweepSeconds(plan) / 60)} min and builds; a hit ends an attempt`
}

/** The controls of one race: on the lines asked for, else on the first whose control is built, or whose base is. */
async function choose(options: ControlsOptions, context: KernelContext): Promise<{ caseId: string; found: FoundControls }> {
  const catalogue = await readCatalogue(CATALOGUE)
  const races = selectCases(catalogue, options.cases ?? ['all'])
    .map(asTriedByChance)
    .filter(({ oracle }) => oracle === 'statistical')
  const entries = chooseControls(await readControls(CONTROLS, catalogue), controlsRequest(options), races).filter(
    ({ kind }) => kind === 'bad',
  )
  const ids = [...new Set(entries.map((entry) => entry.case))]
  const [caseId] = ids
  if (caseId === undefined) throw new UserError('no known-bad control of a race was chosen', 'races: kwitness cases list')
  if (ids.length > 1) throw new UserError(`a sweep is of one race, not of ${ids.join(' and ')}`, 'name one with --cases')
  if (options.series !== undefined) return { caseId, found: await findControls(CONTROLS, entries, context) }
  return { caseId, found: await nearestSeries(entries, context) }
}

async function nearestSeries(entries: readonly ControlEntry[], context: KernelContext): Promise<FoundControls> {
  const all: FoundControls[] = []
  for (const entry of entries) all.push(await findControls(CONTROLS, [entry], context))
  const isCached = (found: FoundControls, at: number) => found.kernels.at(at)?.state === 'cached'
  const first = all.find((found) => isCached(found, -1)) ?? all.find((found) => isCached(found, 0)) ?? all[0]
  if (!first) throw new UserError('no known-bad control of a race was chosen')
  return first
}
