/** `kwitness boundary`: where a fix came or went in each series, by a search that boots few kernels. */
import { dirname, join } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { UserError } from '#domain/errors.ts'
import { parseVersion } from '#domain/version.ts'
import { renderSearch, renderSearchJson } from '#render/search.ts'
import { reportOf, resumeRun, startRun, type OpenRun } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { exitCodeOf, readFailOn } from '../output/exit-code.ts'
import { writeReport, print, terminalOf } from '../output/files.ts'
import type { Progress } from '../output/progress.ts'
import { printProblems } from '../output/problems.ts'
import type { TimingsKeeper } from '../output/timings.ts'
import { parseRunOptions, type RunOptions } from '../options/run.ts'
import { executeCommand } from '../terminal/execute.ts'

export interface BoundaryOptions extends Omit<RunOptions, 'cases' | 'dryRun'> {
  /** Case ids or globs. */
  readonly case?: readonly string[]
  readonly series?: readonly string[]
}

/** Read `6.1` or `6.1.y`. Throws UserError for anything else. */
function readSeries(text: string): string {
  const line = text.replace(/\.y$/, '')
  if (/^\d+\.\d+$/.test(line) && parseVersion(line)) return `${line}.y`
  throw new UserError(`--series takes a series such as 6.1.y, not ${text}`, 'kwitness kernels list shows those there are')
}

/** Search and give the exit code. */
export async function boundary(options: BoundaryOptions): Promise<number> {
  const failOn = readFailOn(options.failOn)
  const started = performance.now()
  const { resume } = options
  return executeCommand(options, {
    command: 'kwitness boundary',
    open: (context, progress) =>
      resume === undefined
        ? openNew(options, context, progress)
        : resumeRun({ which: resume, folder: context.workspace.state, kinds: ['search'] }, context),
    conclude: (opened, timings) => conclude(opened, options, { failOn, started, timings }),
  })
}

async function openNew(options: BoundaryOptions, context: KernelContext, progress: Progress): Promise<OpenRun> {
  if (options.case === undefined) throw new UserError('--case is missing', 'kwitness cases list shows those there are')
  const series = options.series?.map(readSeries)
  const kernels = options.kernels ?? series?.map((one) => `debian:${one}`) ?? ['debian:*']
  const request = parseRunOptions({ ...options, kernels, cases: options.case })
  const { common, inputs } = await prepare(request, context, progress.onEvent)
  const chosen = common.kernels.filter((kernel) => series?.includes(kernel.series) ?? true)
  if (chosen.length === 0) throw new UserError(`no kernel of ${kernels.join(', ')} is of ${series?.join(', ')}`)
  progress.end()
  const cases = common.cases.map(({ id }) => id).join(', ')
  process.stderr.write(`kwitness: search of ${chosen.length} kernels for ${cases}, ${common.accelerator}, seed ${common.seed}\n`)
  return startRun(context.workspace.state, { ...common, kind: 'search', kernels: chosen }, inputs)
}

interface Ending {
  readonly failOn: readonly string[]
  /** Milliseconds of the monotonic clock. */
  readonly started: number
  readonly timings: TimingsKeeper
}

async function conclude(opened: OpenRun, options: BoundaryOptions, { failOn, started, timings }: Ending): Promise<number> {
  const { report, problems } = await timings.report('assemble', () => reportOf(opened))
  printProblems(problems)
  await print(options.json ? renderSearchJson(report) : renderSearch(report, terminalOf(process.stdout)))
  const page = await timings.report('render', () => writeReport(report, options.out))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.error(`kwitness: ${report.kernels.length} kernels booted in ${seconds} s; report: ${page}`)
  await timings.tell(opened.record.id, join(dirname(page), 'trace.json'))
  return exitCodeOf(report, failOn)
}
