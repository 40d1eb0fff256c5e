/** `kwitness run`: plan, boot, run, judge, report. */
import { dirname, join } from 'node:path'
import { Option, type Command } from '@commander-js/extra-typings'
import { checkHistory } from '#harness/git-history.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { probeWorkspace } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { unreachable, UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import { recordMachines, withMachines } from '#run/check/beside.ts'
import { findReuse, reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { prepareSuite, type PreparedSuite } from '#run/prepare/suite.ts'
import { RERUN_WORDS } from '../help/rerun.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import { refuseForMachines, splitMachines, type NamedMachines } from '../options/machines.ts'
import { runRequest } from '../options/run.ts'
import * as shared from '../options/shared.ts'
import { given } from '../options/values.ts'
import { compareReports, renderDiff, writeDiff } from '../output/diff.ts'
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
import { loadNamed, NAMES } from '../output/named-report.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems, tellSkipped } from '../output/problems.ts'
import { reusing, tellReuse } from '../terminal/reuse.ts'
import { writeSuiteReport, renderSuite, suiteReportOf } from '../output/suite.ts'
import { keepTimings, type TimingsKeeper } from '../output/timings.ts'
import { doBoth, print, printPlan } from '../output/streams.ts'
import { executeCommand } from '../terminal/execute.ts'
import { askBeside, checkMachines } from '../terminal/machines.ts'
import { describePlan } from '../terminal/plan-text.ts'

const ofSuite = new Option(
  '--suite <name>',
  'tests that others wrote, instead of cases: kselftest:mm; --cases names its programs',
)
  .conflicts(['catalogue', 'raceSeconds', 'maxMissProbability'])
  .helpGroup('What to test:')

const baseline = new Option(
  '--baseline <run>',
  `compare with an earlier run, and exit 1 only for regressions and new contradictions of case.json: ${NAMES}`,
)
  .conflicts(['suite'])
  .helpGroup('Results:')

function declareOptions(command: Command) {
  const what = command
    .addOption(shared.kernels)
    .addOption(shared.cases)
    .addOption(shared.catalogue)
    .addOption(ofSuite)
    .addOption(shared.tree('the kernel source that a suite is built from: a folder, a tarball, PATH@REV or debian-6.12'))
    .addOption(shared.resume('run', ['accel']))
  return shared
    .machineOptions(
      shared
        .certaintyOptions(what)
        .addOption(shared.rerun)
        .addOption(shared.snapshot)
        .addOption(shared.fork)
        .addOption(shared.userland)
        .addOption(shared.interleavings),
    )
    .addOption(shared.sshConfig)
    .addOption(shared.dryRun)
    .addOption(shared.gitTree)
    .addOption(shared.failOn)
    .addOption(baseline)
    .addOption(shared.json('the report (with --dry-run: the plan)'))
    .addOption(shared.withLogs)
    .addOption(shared.reportFolder)
    .addOption(shared.timings)
}

type RunOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description(
      'Boot every chosen kernel, run every chosen case in it, and report the matrix (default: the set "default", all cases).',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await run(options)
    })
}

const HELP = helpText({
  terms: {
    'Words of --rerun, separated by commas': RERUN_WORDS,
    'Words of --fail-on': CASE_WORDS,
    'Words of --fail-on with --suite': SUITE_WORDS,
    'Words of --fail-on with --baseline': CHANGE_WORDS,
  },
  exits: ANSWER_EXITS,
  examples: [
    ['the default set, every case', 'kwitness run'],
    ['the newest kernel of each series, one case', 'kwitness run --kernels series --cases uffd-eagain-output'],
    ['a kernel that you built; exit 1 where it lacks a fix', 'kwitness run --kernels file:arch/x86/boot/bzImage --fail-on lacks'],
    ["Debian's source with your patch", "kwitness run --kernels tree:debian-5.10,patch=my.patch --cases 'uffd-*'"],
    ['selftests of a kernel tree', "kwitness run --suite kselftest:mm --tree /src/linux --kernels 'debian:6.12.*'"],
    ['every night: exit 1 where a fix got lost since the last run', 'kwitness run --baseline latest'],
    ['a race by chance, where a control kernel was measured', 'kwitness run --cases gup-fast-vs-fork --no-interleavings'],
    ['with a whole Debian around the cases, by ssh', "kwitness run --kernels 'debian:6.1.*:newest' --userland debian"],
    ['a cloud image with its own kernel', 'kwitness run --kernels image:debian-12-genericcloud-amd64.qcow2'],
    ['a kernel of Debian with your disk around it', 'kwitness run --kernels debian:6.12.y:newest --userland image:disk.qcow2'],
    ['this machine and another one as they run, beside a kernel', 'kwitness run --kernels running,ssh:db1,debian:6.1.y:newest'],
    ['everything anew, whatever earlier runs have shown', 'kwitness run --rerun all'],
    ['after Ctrl-C or a crash', 'kwitness run --resume'],
  ],
})

/** Prepare what `--suite` and `--tree` ask for. Throws UserError where only one of them is given. */
async function prepareSuiteRequest(options: RunOptions, context: KernelContext, progress: Progress): Promise<PreparedSuite> {
  const { suite, tree } = options
  if (suite === undefined || tree === undefined) {
    throw new UserError('--suite and --tree go together', 'kwitness run --suite kselftest:mm --tree debian-6.12')
  }
  return prepareSuite({ ...runRequest(options), suite, tree }, context, progress.onEvent)
}

/** Run on machines in use alone, without a guest, and give the exit code. */
async function runOnMachines(machines: NamedMachines, options: RunOptions, before: Report | null): Promise<number> {
  await probeWorkspace(findWorkspace())
  await probeOut(options.out ?? REPORTS_OUT)
  using timings = keepTimings(options.timings)
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
    if (answers !== null) await recordMachines(opened, answers, context.workspace.cache)
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

/** Run and give the exit code. */
async function run(options: RunOptions): Promise<number> {
  // A resumed run knows its own kind of results; for a new one an unknown word must be an error at once.
  if (options.resume === undefined) readFailOn(options.failOn, wordsOf(options))
  const { resume } = options
  const { machines, kernels } = splitMachines(options.kernels ?? [])
  if (machines !== null) refuseForMachines(options, kernels.length > 0)
  // Before the run, which is then not the latest yet.
  const before = options.baseline === undefined ? null : await loadNamed(options.baseline)
  if (options.gitTree !== undefined) await checkHistory(options.gitTree)
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
  const diff = before === null ? undefined : await compareReports(before, report)
  const page = await doBoth(writeReport(report, out, { withLogs, diff }), print(text, options.json))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  if (before === null || diff === undefined) return exitCodeOfCheck(report, failOn)
  if (!options.json) await print(`\n${await renderDiff(diff, 'terminal')}`)
  console.error(`kwitness: comparison: ${await writeDiff(diff, dirname(page))}`)
  return exitCodeOfBaseline(report, before, diff, failOn)
}

async function concludeSuite({ store, record }: OpenRun, options: RunOptions, timings: TimingsKeeper): Promise<number> {
  const failOn = readFailOn(options.failOn, SUITE_WORDS)
  const report = await suiteReportOf(store, await store.readRun(record.id))
  const text = await renderSuite(report, options.json ? 'json' : 'terminal')
  const page = await doBoth(writeSuiteReport(report, options.out), print(text, options.json))
  console.error(`kwitness: report: ${page}`)
  await timings.tell(record.id, join(dirname(page), 'trace.json'))
  return exitCodeOfSuite(report, failOn)
}
