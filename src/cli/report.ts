/** `kwitness report` and `kwitness why`: look at stored runs, judged anew by today's rules. */
import { findWorkspace } from '../../harness/workspace.ts'
import { UserError } from '../domain/errors.ts'
import type { Reason } from '../domain/judgement.ts'
import type { Report, ReportCell } from '../domain/report.ts'
import { RENDERERS, type Format } from '../render/index.ts'
import { raceLines, wordRace } from '../render/race.ts'
import { kernelLabels } from '../render/wording.ts'
import { assembleReport, planOf } from '../run/assemble.ts'
import { historiesOf } from '../run/paperwork.ts'
import { openStoreForReading } from '../store/index.ts'
import { findCell } from './cell.ts'
import { exitCodeOf, readFailOn } from './exit.ts'
import { print, renderReport, writeOut } from './output.ts'

export interface ReportOptions {
  readonly format?: string
  readonly out?: string
  readonly json?: true
  readonly failOn?: string
  readonly history?: string
}

async function loadReport(id: string | undefined, history?: string): Promise<Report> {
  const workspace = findWorkspace()
  const store = await openStoreForReading(workspace.state)
  try {
    const run = id === undefined ? await store.newestRun() : await store.readRun(id)
    if (run === null) throw new UserError('no run is stored yet', 'kwitness run makes one')
    const histories = history === undefined ? undefined : await historiesOf(history, planOf(run), { workspace })
    const { report: loaded, problems } = await assembleReport(store, run, histories)
    for (const { attempt, message } of problems) console.error(`kwitness: ${attempt}: ${message}`)
    return loaded
  } finally {
    store.close()
  }
}

/** Render a stored run, the newest when none is named, and give the exit code. */
export async function report(id: string | undefined, options: ReportOptions): Promise<number> {
  const format = options.json ? 'json' : (options.format ?? 'terminal')
  if (!Object.hasOwn(RENDERERS, format))
    throw new UserError(`there is no format ${format}`, `there are: ${Object.keys(RENDERERS).join(', ')}`)
  const failOn = readFailOn(options.failOn)
  const loaded = await loadReport(id, options.history)
  const text = await renderReport(loaded, format as Format)
  if (options.out === undefined) await print(text)
  else await writeOut(options.out, text)
  return exitCodeOf(loaded, failOn)
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

const reasonLine = ({ channel, line, rule, text }: Reason): string =>
  `    ${channel}${line === null ? '' : `:${line}`}  ${text}  [${rule}]`

/** What a race rests on, in words and numbers; nothing for any other cell. */
function howSure(cell: ReportCell, { kernels }: Report): string[] {
  const labels = kernelLabels(kernels)
  const series = kernels.find(({ id }) => id === cell.kernel)?.series ?? ''
  const lines = raceLines(wordRace(cell, series, (id) => labels.get(id) ?? id))
  return lines.length > 0 ? ['  how sure:', ...lines.map((line) => `    ${line}`)] : []
}

/** Print the evidence behind a cell's verdict: every reason with its log, line and rule. */
export async function why(text: string, options: { readonly run?: string; readonly json?: true }): Promise<number> {
  const loaded = await loadReport(options.run)
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
