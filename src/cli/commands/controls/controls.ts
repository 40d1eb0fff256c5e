/** `kwitness controls`: build the kernels whose answer is known, hold each against its case and its base, keep their rates. */
import { dirname, join } from 'node:path'
import type { Command } from '@commander-js/extra-typings'
import type { KernelContext } from '#harness/kernels/index.ts'
import { controlsThatHold, controlMatrixOf, type ControlMatrix } from '#analysis/controls/control-matrix.ts'
import type { ControlRate } from '#domain/control.ts'
import { renderControlMatrix, renderControlMatrixJson } from '#render/controls/control-matrix.ts'
import { reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { chooseControls, CONTROLS, findControls, readControls, type FoundControls } from '#run/prepare/controls.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { ratesOf } from '#plan/control-rates.ts'
import { judgedAttemptsOfRun } from '#run/report/stored-attempts.ts'
import { helpText } from '#cli/help/text.ts'
import { runRequest } from '#cli/options/run.ts'
import { controlsOptions, controlsRequest, type ControlsOptions } from '#cli/options/controls.ts'
import { given } from '#cli/options/values.ts'
import { sweep } from './sweep.ts'
import { exitCodeOfControlMatrix } from '#cli/output/exit-code.ts'
import { writeReport, terminalOf, writeOut } from '#cli/output/files.ts'
import { printProblems, tellSkipped } from '#cli/output/problems.ts'
import type { Progress } from '#cli/output/progress.ts'
import type { TimingsKeeper } from '#cli/output/timings.ts'
import { doBoth, print, printPlan } from '#cli/output/streams.ts'
import { executeCommand } from '#cli/terminal/execute.ts'

/** Guest seconds for each race without a measurement: the matrix only needs to know whether another case shows the bug. */
const RACE_SECONDS = 5

/** Declare the command. */
export function declare(command: Command) {
  return controlsOptions(command)
    .description(
      'Build the kernels whose answer is known, test each with its own case and with all others, and keep the rates of races.',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await (options.sweep ? sweep(options) : controls(options))
    })
}

const HELP = helpText({
  remarks: [
    `A known-bad control must reproduce its case, a known-good one must not, and every other case must have the verdict of the
    base. A race that has a window is tried both ways, by chance and as ID.interleavings by every interleaving, and both must give
    the verdict. Only then kwitness stores the rates of races, for the verdicts of later runs.`,
  ],
  exits: {
    0: 'every control holds',
    1: 'a control does not hold, or changes another case',
  },
  examples: [
    ['all of them', 'kwitness controls'],
    ['one', 'kwitness controls --series 5.10 --fix 57efa1fe5957'],
    ['the controls of some cases, as JSON', "kwitness controls --cases 'gup-*,uffd-fork-event' --json"],
    ['which guests hit a race soonest', 'kwitness controls --sweep --series 6.1'],
  ],
})

/** The controls that these options select, and the cases of the control matrix. */
async function choose(options: ControlsOptions, context: KernelContext) {
  const catalogue = await readCatalogue(CATALOGUE)
  const cases = selectCases(catalogue, options.cases ?? ['all'])
  const entries = chooseControls(await readControls(CONTROLS, catalogue), controlsRequest(options), cases)
  return { cases, found: await findControls(CONTROLS, entries, context) }
}

function describe(found: FoundControls, cases: readonly { readonly id: string }[]): string {
  const { kernels, controls: all } = found
  const built = new Set(kernels.filter(({ state }) => state === 'cached').map(({ id }) => id))
  const word = (id: string, name: string) => (built.has(id) ? name : `${name}*`)
  const lines = [...Map.groupBy(all, ({ series }) => series)].map(([line, own]) => {
    const names = own.map(({ kernel, fix }) => word(kernel, fix))
    return `  ${line}: ${[word(own[0]?.base ?? '', 'base'), ...names].join(' ')}`
  })
  const size = `${kernels.length} kernels x ${cases.length} cases = ${kernels.length * cases.length} cells`
  const toBuild = kernels.length - built.size
  return [
    `plan: ${all.length} controls, ${size}`,
    ...lines,
    `  cases: ${cases.map(({ id }) => id).join(' ')}`,
    ...(toBuild > 0 ? [`  * to be built: ${toBuild} kernels; a base takes minutes, a control seconds more`] : []),
  ].join('\n')
}

async function openNew(options: ControlsOptions, context: KernelContext, progress: Progress): Promise<OpenRun | null> {
  const { cases, found } = await choose(options, context)
  progress.end()
  if (options.dryRun) {
    await printPlan(describe(found, cases), { ...found, cases: cases.map(({ id }) => id) }, options)
    return null
  }
  process.stderr.write(`kwitness: ${describe(found, cases)}\n`)
  const ids = found.kernels.map(({ id }) => id)
  const request = runRequest({ ...options, kernels: ids, cases: cases.map(({ id }) => id) })
  const { common, inputs } = await prepare({ ...request, races: 'both ways' }, context, progress.onEvent)
  // Each base before its controls, which are built from it.
  const kernels = common.kernels.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
  // Rates of earlier runs must not count here: this run measures them again.
  const known = { controls: found.controls, rates: [], raceSeconds: RACE_SECONDS }
  return startRun(context.workspace.state, { ...common, kind: 'controls', kernels, ...known }, inputs)
}

/** Measure and give the exit code. */
async function controls(options: ControlsOptions): Promise<number> {
  const { resume } = options
  return executeCommand(options, {
    command: 'kwitness controls',
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: context.workspace.state, kinds: ['controls'], onSkipped: tellSkipped }, context),
    conclude: (opened, timings, out) => conclude(opened, { ...options, ...given({ out }) }, timings),
  })
}

async function conclude(opened: OpenRun, options: ControlsOptions, timings: TimingsKeeper): Promise<number> {
  const { report, problems } = await reportOf(opened)
  printProblems(problems)
  const matrix = controlMatrixOf(report, report.controls)
  const rates = await keepRates(opened, matrix)
  const json = renderControlMatrixJson(matrix, rates)
  const text = options.json ? json : renderControlMatrix(matrix, rates, terminalOf(process.stdout))
  const plain = { width: 100, colour: false, ascii: false }
  const leave = async (): Promise<string> => {
    const page = await writeReport(report, options.out)
    await writeOut(join(dirname(page), 'control-matrix.txt'), renderControlMatrix(matrix, rates, plain))
    await writeOut(join(dirname(page), 'control-matrix.json'), json)
    return page
  }
  const page = await doBoth(leave(), print(text, options.json))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  return exitCodeOfControlMatrix(matrix)
}

/**
 * Store the rates of controls that hold, as reference rates for later runs. For a control that does not hold, store a rate
 * without a hit, which replaces any earlier rate of it.
 */
async function keepRates({ store, record, plan }: OpenRun, matrix: ControlMatrix): Promise<readonly ControlRate[]> {
  const good = new Set(controlsThatHold(matrix).map(({ kernel }) => kernel))
  const measured = ratesOf(plan, await judgedAttemptsOfRun(store, record.id, plan))
  const rates = measured.filter(({ kernel, hits }) => good.has(kernel) || hits === 0)
  await store.recordRates(rates)
  return rates
}
