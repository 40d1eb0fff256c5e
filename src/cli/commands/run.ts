/** `kwitness run`: plan, boot, run, judge, report. */
import { dirname, join } from 'node:path'
import { checkHistory } from '#harness/git-history.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import { unreachable } from '#domain/errors.ts'
import { cellsOf } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import { reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { exitCodeOf, exitCodeOfSuite, readFailOn, SUITE_WORDS } from '../output/exit-code.ts'
import { writeReport, print, renderReport } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems } from '../output/problems.ts'
import type { TimingsKeeper } from '../output/timings.ts'
import { parseRunOptions, type RunOptions } from '../options/run.ts'
import { executeCommand } from '../terminal/execute.ts'
import { writeSuiteReport, prepareRequest, renderSuite, suiteReportOf } from './suite.ts'

/** The plan in a few lines, for a person. */
function describePlan(plan: Plan): string {
  const cells = cellsOf(plan)
  const races = plan.cases.filter(({ witness }) => witness === 'race').length
  const seconds = cells.reduce((sum, cell) => sum + expectedSeconds(plan, cell.case), 0)
  const bound = plan.maxMissProbability.toExponential()
  const series = Map.groupBy(plan.kernels, (kernel) => kernel.series)
  const [noun, what] =
    plan.kind === 'suite' ? ['programs', `programs of ${plan.suite.name} (${plan.suite.tree.label})`] : ['cases', 'cases']
  const size = `${plan.kernels.length} kernels x ${plan.cases.length} ${what} = ${cells.length} cells`
  return [
    `plan: ${size}, ${plan.accelerator}, seed ${plan.seed}`,
    ...[...series].map(([name, own]) => `  ${name} ${own.map(({ version }) => version).join(' ')}`),
    `  ${noun}: ${plan.cases.map(({ id }) => id).join(' ')}`,
    `  attempts: about ${Math.ceil(seconds)} s one after the other, boots not counted`,
    ...(races > 0 ? [`  races: ${races}, alone, ${plan.raceSeconds} s for each, believed at a miss chance of ${bound}`] : []),
  ].join('\n')
}

/** A new run, or null when only its plan was asked for. */
async function openNew(options: RunOptions, context: KernelContext, progress: Progress): Promise<OpenRun | null> {
  const ofSuite = options.suite !== undefined || options.tree !== undefined
  const { plan, inputs } = await (ofSuite
    ? prepareRequest(options, context, progress)
    : prepareMatrix(options, context, progress))
  progress.end()
  process.stderr.write(`kwitness: ${describePlan(plan)}\n`)
  if (!options.dryRun) return startRun(context.workspace.state, plan, inputs)
  if (options.json) await print(JSON.stringify(plan, null, 2))
  return null
}

async function prepareMatrix(options: RunOptions, context: KernelContext, progress: Progress) {
  const { common, inputs } = await prepare(parseRunOptions(options), context, progress.onEvent)
  return { plan: { ...common, kind: 'matrix' } as const, inputs }
}

/** Run and give the exit code. */
export async function run(options: RunOptions): Promise<number> {
  // What an interrupted run was of is known when it is found; else a word that is none is told at once.
  if (options.resume === undefined) readFailOn(options.failOn, options.suite === undefined ? undefined : SUITE_WORDS)
  if (options.history !== undefined) await checkHistory(options.history)
  const { resume } = options
  return executeCommand(options, {
    command: 'kwitness run',
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: context.workspace.state }, context),
    conclude: (opened, timings) => conclude(opened, options, timings),
  })
}

/** The report of a run of any kind: `--resume` names runs of other commands, too. */
function conclude(opened: OpenRun, options: RunOptions, timings: TimingsKeeper): Promise<number> {
  switch (opened.plan.kind) {
    case 'suite':
      return concludeSuite(opened, options, timings)
    case 'matrix':
    case 'search':
    case 'controls':
    case 'sweep':
    case 'verify':
    case 'bisect':
      return concludeCases(opened, options, timings)
    default:
      return unreachable(opened.plan)
  }
}

async function concludeCases(opened: OpenRun, options: RunOptions, timings: TimingsKeeper): Promise<number> {
  const failOn = readFailOn(options.failOn)
  const { report, problems } = await timings.report('assemble', () => reportOf(opened))
  printProblems(problems)
  await print(await timings.report('render', () => renderReport(report, options.json ? 'json' : 'terminal')))
  const page = await timings.report('render', () => writeReport(report, options.out))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  return exitCodeOf(report, failOn)
}

async function concludeSuite({ store, record }: OpenRun, options: RunOptions, timings: TimingsKeeper): Promise<number> {
  const failOn = readFailOn(options.failOn, SUITE_WORDS)
  const report = await timings.report('assemble', async () => suiteReportOf(store, await store.readRun(record.id)))
  await print(await timings.report('render', () => renderSuite(report, options.json ? 'json' : 'terminal')))
  const page = await timings.report('render', () => writeSuiteReport(report, options.out))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(record.id, join(dirname(page), 'trace.json'))
  return exitCodeOfSuite(report, failOn)
}
