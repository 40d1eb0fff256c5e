/** `kwitness boundary`: where a fix came or went in each series, by a search that boots few kernels. */
import { dirname, join } from 'node:path'
import type { Command } from '@commander-js/extra-typings'
import type { KernelContext } from '#harness/kernels/index.ts'
import { UserError } from '#domain/errors.ts'
import { renderSearch, renderSearchJson } from '#render/search.ts'
import { reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { RERUN_WORDS } from '../help/rerun.ts'
import { ANSWER_EXITS, helpText } from '../help/text.ts'
import { runRequest } from '../options/run.ts'
import * as shared from '../options/shared.ts'
import { given } from '../options/values.ts'
import { CASE_WORDS, exitCodeOf, readFailOn } from '../output/exit-code.ts'
import { writeReport, terminalOf } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems, tellSkipped } from '../output/problems.ts'
import { reusing, tellReuse } from '../terminal/reuse.ts'
import type { TimingsKeeper } from '../output/timings.ts'
import { doBoth, print } from '../output/streams.ts'
import { executeCommand } from '../terminal/execute.ts'

function declareOptions(command: Command) {
  const what = command
    .addOption(shared.cases)
    .addOption(shared.series)
    .addOption(shared.kernels)
    .addOption(shared.catalogue)
    .addOption(shared.resume('search', ['accel']))
  return shared
    .machineOptions(shared.certaintyOptions(what).addOption(shared.rerun).addOption(shared.snapshot).addOption(shared.fork))
    .addOption(shared.failOn)
    .addOption(shared.json('what was found'))
    .addOption(shared.reportFolder)
    .addOption(shared.timings)
}

type BoundaryOptions = shared.OptionsOf<typeof declareOptions>

/** Declare the command. */
export function declare(command: Command) {
  return declareOptions(command)
    .description(
      'Find where a fix came or went in each series, by a search that boots few kernels (default: every Debian cloud kernel).',
    )
    .addHelpText('after', HELP)
    .action(async (options) => {
      process.exitCode = await boundary(options)
    })
}

const HELP = helpText({
  remarks: [
    `The search asks both ends of a series first. Where their answers differ it halves what lies between, beginning where the
    changelog says; where they are alike it asks the middle. It walks around kernels without an answer. It cannot see a change
    that was undone again between two kernels that answer alike: "kwitness run" asks every kernel.`,
  ],
  terms: { 'Words of --rerun, separated by commas': RERUN_WORDS, 'Words of --fail-on': CASE_WORDS },
  exits: ANSWER_EXITS,
  examples: [
    ['every series', 'kwitness boundary --cases uffd-eagain-output'],
    ['two series, as JSON', 'kwitness boundary --cases uffd-eagain-output --series 6.1.y,6.12.y --json'],
    ['other kernels', "kwitness boundary --cases 'uffd-*' --kernels 'debian:6.1.*/amd64'"],
    ['after Ctrl-C or a crash', 'kwitness boundary --resume'],
  ],
})

/** Search and give the exit code. */
async function boundary(options: BoundaryOptions): Promise<number> {
  const failOn = readFailOn(options.failOn)
  const started = performance.now()
  const { resume } = options
  return executeCommand(options, {
    command: 'kwitness boundary',
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: context.workspace.state, kinds: ['search'], onSkipped: tellSkipped }, context),
    conclude: (opened, timings, out) => conclude(opened, { ...options, ...given({ out }) }, { failOn, started, timings }),
  })
}

async function openNew(options: BoundaryOptions, context: KernelContext, progress: Progress): Promise<OpenRun> {
  const { cases, series } = options
  if (cases === undefined) throw new UserError('boundary needs --cases', 'kwitness cases lists them')
  const kernels = options.kernels ?? series?.map((one) => `debian:${one}`) ?? ['debian:*']
  const { common, inputs } = await prepare(runRequest({ ...options, kernels }), context, progress.onEvent)
  const chosen = common.kernels.filter((kernel) => series?.includes(kernel.series) ?? true)
  if (chosen.length === 0) throw new UserError(`no kernel of ${kernels.join(', ')} is of ${series?.join(', ')}`)
  progress.end()
  const ids = common.cases.map(({ id }) => id).join(', ')
  process.stderr.write(`kwitness: search of ${chosen.length} kernels for ${ids}, ${common.accelerator}, seed ${common.seed}\n`)
  const plan = { ...common, kind: 'search', kernels: chosen } as const
  const opened = await startRun(context.workspace.state, plan, inputs, reusing(options, context))
  tellReuse(opened.reuse)
  return opened
}

interface Ending {
  readonly failOn: readonly string[]
  /** Milliseconds of the monotonic clock. */
  readonly started: number
  readonly timings: TimingsKeeper
}

async function conclude(opened: OpenRun, options: BoundaryOptions, { failOn, started, timings }: Ending): Promise<number> {
  const { report, problems } = await reportOf(opened)
  printProblems(problems)
  const text = options.json ? renderSearchJson(report) : renderSearch(report, terminalOf(process.stdout))
  const page = await doBoth(writeReport(report, options.out), print(text, options.json))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const booted = new Set(report.cells.filter(({ reused }) => reused === undefined).map(({ kernel }) => kernel))
  console.error(`kwitness: ${booted.size} kernels booted in ${seconds} s; report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  return exitCodeOf(report, failOn)
}
