/** `kwitness run`: plan, boot, run, judge, report. */
import { dirname, join } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { unreachable, UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import { findReuse, reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import type { PreparedSuite } from '#run/prepare/suite.ts'
import { refuseForMachines, splitMachines, type NamedMachines } from '../options/machines.ts'
import { runRequest } from '../options/run.ts'
import type { RunOptions } from '../options/run-command.ts'
import { given } from '../options/values.ts'
import {
  CASE_WORDS,
  CHANGE_WORDS,
  exitCodeOfCheck,
  exitCodeOfBaseline,
  exitCodeOfSuite,
  INTERRUPTED,
  readFailOn,
  SUITE_WORDS,
} from '../output/exit-code.ts'
import { probeOut, renderReport, REPORTS_OUT, writeReport } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems, tellSkipped } from '../output/problems.ts'
import { reusing, tellReuse } from '../terminal/reuse.ts'
import { keepTimings, type TimingsKeeper } from '../output/timings.ts'
import { doBoth, print, printPlan } from '../output/streams.ts'
import { executeCommand } from '../terminal/execute.ts'
import { describePlan } from '../terminal/plan-text.ts'

/** Prepare what `--suite` and `--tree` ask for. Throws UserError where only one of them is given. */
async function prepareSuiteRequest(options: RunOptions, context: KernelContext, progress: Progress): Promise<PreparedSuite> {
  const { suite, tree } = options
  if (suite === undefined || tree === undefined) {
    throw new UserError('--suite and --tree go together', 'kwitness run --suite kselftest:mm --tree debian-6.12')
  }
  const { prepareSuite } = await import('#run/prepare/suite.ts')
  return prepareSuite({ ...runRequest(options), suite, tree }, context, progress.onEvent)
}

/** Run on machines in use alone, without a guest, and give the exit code. */
async function runOnMachines(machines: NamedMachines, options: RunOptions, before: Report | null): Promise<number> {
  await probeWorkspace(findWorkspace())
  await probeOut(options.out ?? REPORTS_OUT)
  using timings = keepTimings(options.timings)
  const { checkMachines } = await import('../terminal/machines.ts')
  const checked = await checkMachines(machines, options)
  if (checked === null) return INTERRUPTED
  try {
    return await concludeCases(checked, { ...options, before }, timings)
  } finally {
    checked.store.close()
  }
}

/** A new run, or null when only its plan was asked for. */
async function openNew(options: RunOptions, context: KernelContext, progress: Progress): Promise<OpenRun | null> {
  const isSuite = options.suite !== undefined || options.tree !== undefined
  const { plan, inputs, answers } = isSuite
    ? { ...(await prepareSuiteRequest(options, context, progress)), answers: null }
    : await prepareMatrix(options, context, progress)
  progress.end()
  const reuse = reusing(options, context)
  if (!options.dryRun) {
    const opened = await startRun(context.workspace.state, plan, inputs, reuse)
    process.stderr.write(`kwitness: ${describePlan(plan, opened.reuse)}\n`)
    if (answers !== null) {
      const { recordMachines } = await import('#run/check/beside.ts')
      await recordMachines(opened, answers, context.workspace.cache)
    }
    tellReuse(opened.reuse)
    return opened
  }
  const found = await findReuse(context.workspace.state, plan, inputs, reuse)
  await printPlan(describePlan(plan, found), plan, options)
  tellReuse(found)
  return null
}

async function prepareMatrix(options: RunOptions, context: KernelContext, progress: Progress) {
  const { machines, kernels } = splitMachines(options.kernels ?? [])
  const request = runRequest({ ...options, ...(machines === null ? {} : { kernels }) })
  const { common, inputs } = await prepare(request, context, progress.onEvent)
  const plan = { ...common, kind: 'matrix' } as const
  if (machines === null) return { plan, inputs, answers: null }
  const [{ askBeside }, { withMachines }] = await Promise.all([import('../terminal/machines.ts'), import('#run/check/beside.ts')])
  const answers = await askBeside(machines, { ...options, seed: common.seed }, context, progress)
  return { plan: await withMachines(plan, answers, context, tellSkipped), inputs, answers }
}

/** The words that `--fail-on` takes beside these options. */
function wordsOf({ suite, baseline: named }: RunOptions): readonly string[] {
  if (suite !== undefined) return SUITE_WORDS
  return named === undefined ? CASE_WORDS : [...CASE_WORDS, ...CHANGE_WORDS]
}

/** With the baseline report; null without one. */
interface Concluded extends RunOptions {
  readonly before: Report | null
}

/** The report that a run is compared with. Throws UserError where it is not there. */
async function loadBaseline(name: string): Promise<Report> {
  return (await import('../output/named-report.ts')).loadNamed(name)
}

/** Run and give the exit code. */
export async function run(options: RunOptions): Promise<number> {
  // A resumed run knows its own kind of results; for a new one an unknown word must be an error at once.
  if (options.resume === undefined) readFailOn(options.failOn, wordsOf(options))
  const { resume } = options
  const { machines, kernels } = splitMachines(options.kernels ?? [])
  if (machines !== null) refuseForMachines(options, kernels.length > 0)
  // Before the run, which is then not the latest yet.
  const before = options.baseline === undefined ? null : await loadBaseline(options.baseline)
  if (options.gitTree !== undefined) await (await import('#harness/git-history.ts')).checkHistory(options.gitTree)
  if (machines !== null && kernels.length === 0) return runOnMachines(machines, options, before)
  return executeCommand(options, {
    command: 'kwitness run',
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: context.workspace.state, onSkipped: tellSkipped }, context),
    conclude: (opened, timings, out) => conclude(opened, { ...options, ...given({ out }), before }, timings),
  })
}

/** The report of a run of any kind: `--resume` names runs of other commands, too. */
function conclude(opened: OpenRun, options: Concluded, timings: TimingsKeeper): Promise<number> {
  switch (opened.plan.kind) {
    case 'suite':
      return concludeSuite(opened, options, timings)
    case 'matrix':
    case 'search':
    case 'check':
    case 'controls':
    case 'sweep':
    case 'verify':
    case 'bisect':
      return concludeCases(opened, options, timings)
    default:
      return unreachable(opened.plan)
  }
}

async function concludeCases(
  opened: Pick<OpenRun, 'store' | 'record'>,
  options: Concluded,
  timings: TimingsKeeper,
): Promise<number> {
  const failOn = readFailOn(options.failOn, wordsOf(options))
  const { report, problems } = await reportOf(opened)
  printProblems(problems)
  const text = await renderReport(report, options.json ? 'json' : 'terminal', options)
  const { before, out, withLogs } = options
  const comparing = before === null ? null : await import('../output/diff.ts')
  const diff = before === null ? undefined : await comparing?.compareReports(before, report)
  const page = await doBoth(writeReport(report, out, { withLogs, diff }), print(text, options.json))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  if (before === null || comparing === null || diff === undefined) return exitCodeOfCheck(report, failOn)
  if (!options.json) await print(`\n${await comparing.renderDiff(diff, 'terminal')}`)
  console.error(`kwitness: comparison: ${await comparing.writeDiff(diff, dirname(page))}`)
  return exitCodeOfBaseline(report, before, diff, failOn)
}

async function concludeSuite({ store, record }: OpenRun, options: RunOptions, timings: TimingsKeeper): Promise<number> {
  const failOn = readFailOn(options.failOn, SUITE_WORDS)
  const { renderSuite, suiteReportOf, writeSuiteReport } = await import('../output/suite.ts')
  const report = await suiteReportOf(store, await store.readRun(record.id))
  const text = await renderSuite(report, options.json ? 'json' : 'terminal')
  const page = await doBoth(writeSuiteReport(report, options.out), print(text, options.json))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(record.id, join(dirname(page), 'trace.json'))
  return exitCodeOfSuite(report, failOn)
}
