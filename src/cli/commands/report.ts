/** `kwitness report` and `kwitness why`: look at stored runs, judged anew by today's rules. */
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { RENDERERS, type Format } from '#render/index.ts'
import { raceLines, wordRace } from '#render/text/race.ts'
import { kernelLabels } from '#render/text/format.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import { planOf } from '#plan/stored-plan.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { historiesOf } from '#run/report/claim-sources.ts'
import { openStoreForReading } from '#store/index.ts'
import { findCell, splitCell } from '../options/cell-name.ts'
import { exitCodeOf, exitCodeOfSuite, readFailOn, SUITE_WORDS } from '../output/exit-code.ts'
import { print, renderReport, writeOut } from '../output/files.ts'
import { printProblems } from '../output/problems.ts'
import { renderSuite, suiteReportOf, whySuite } from './suite.ts'
import { reasonLine } from '../output/reason-line.ts'

export interface ReportOptions {
  readonly format?: string
  readonly out?: string
  readonly json?: true
  readonly failOn?: string
  readonly history?: string
}

type Loaded = { readonly kind: 'cases'; readonly report: Report } | { readonly kind: 'suite'; readonly report: SuiteReport }

interface LoadOptions {
  /** Folder of a git tree to ask. */
  readonly history?: string | undefined
  /** Of this case alone. */
  readonly only?: string
}

async function loadReport(id: string | undefined, { history, only }: LoadOptions): Promise<Loaded> {
  const workspace = findWorkspace()
  const store = await openStoreForReading(workspace.state)
  try {
    const run = id === undefined ? await store.newestRun() : await store.readRun(id)
    if (run === null) throw new UserError('no run is stored yet', 'kwitness run makes one')
    const plan = planOf(run)
    if (plan.kind === 'suite') return { kind: 'suite', report: await suiteReportOf(store, run) }
    const histories = history === undefined ? undefined : await historiesOf(history, plan, { workspace })
    const { report: loaded, problems } = await buildRunReport(store, run, { histories, only })
    printProblems(problems)
    return { kind: 'cases', report: loaded }
  } finally {
    store.close()
  }
}

/** Render a stored run, the newest when none is named, and give the exit code. */
export async function report(id: string | undefined, options: ReportOptions): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'terminal')
  if (!Object.hasOwn(RENDERERS, format))
    throw new UserError(`there is no format ${format}`, `there are: ${Object.keys(RENDERERS).join(', ')}`)
  const loaded = await loadReport(id, { history: options.history })
  const ofSuite = loaded.kind === 'suite'
  const failOn = readFailOn(options.failOn, ofSuite ? SUITE_WORDS : undefined)
  const text = await (ofSuite ? renderSuite(loaded.report, format) : renderReport(loaded.report, format as Format))
  if (options.out === undefined) await print(text)
  else await writeOut(options.out, text)
  return ofSuite ? exitCodeOfSuite(loaded.report, failOn) : exitCodeOf(loaded.report, failOn)
}

/** List the stored runs. */
export async function runs(options: { readonly json?: true }): Promise<number> {
  const store = await openStoreForReading(findWorkspace().state)
  const all = (await store.listRuns()).map(({ id, startedAt, finishedAt, owner }) => ({ id, startedAt, finishedAt, owner }))
  store.close()
  const state = (run: (typeof all)[number]): string =>
    run.finishedAt ? 'finished' : run.owner ? `process ${run.owner} is at it` : 'can be resumed'
  await print(
    options.json
      ? JSON.stringify(all, null, 2)
      : all.map((run) => `${run.id.padEnd(16)} ${run.startedAt}  ${state(run)}`).join('\n'),
  )
  return 0
}

/** What a race rests on, in words and numbers; nothing for any other cell. */
function howSure(cell: ReportCell, { kernels }: Report): string[] {
  const labels = kernelLabels(kernels)
  const series = kernels.find(({ id }) => id === cell.kernel)?.series ?? ''
  const lines = raceLines(wordRace(cell, series, (id) => labels.get(id) ?? id))
  return lines.length > 0 ? ['  how sure:', ...lines.map((line) => `    ${line}`)] : []
}

/** Print the evidence behind a cell's verdict: every reason with its log, line and rule. */
export async function why(text: string, options: { readonly run?: string; readonly json?: true }): Promise<number> {
  const { kind, report: loaded } = await loadReport(options.run, { only: splitCell(text).case })
  if (kind === 'suite') return whySuite(loaded, text, options.json === true)
  const cell = findCell(loaded.run.id, loaded.cells, (one) => one, text)
  if (options.json) {
    await print(JSON.stringify(cell, null, 2))
    return 0
  }
  const attempts = cell.attempts.flatMap((attempt) => [
    `  attempt ${attempt.attempt}: ${attempt.outcome}, ${attempt.ending}, ${attempt.seconds.toFixed(1)} s,` +
      ` seed ${attempt.seed}, ${attempt.origin} (${attempt.road})`,
    ...attempt.reasons.map(reasonLine),
  ])
  const claim = `  claim: ${cell.claim} (${cell.claimSource}); finding: ${cell.finding}`
  const sure = howSure(cell, loaded)
  await print([`${cell.kernel} ${cell.case}: ${cell.verdict}`, `  ${cell.because}`, claim, ...sure, ...attempts].join('\n'))
  return 0
}
