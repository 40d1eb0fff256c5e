/** What each address of the server answers: the list of runs, the page of a run, its JSON, and its events. */
import type { ServerResponse } from 'node:http'
import { diffOf } from '#analysis/diff/diff.ts'
import { UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import { planOf } from '#plan/stored-plan.ts'
import { HTML_ASSETS, LIVE_ASSETS } from '#render/html/assets.ts'
import { fillPage } from '#render/html/fill.ts'
import { renderHtml } from '#render/html/html.ts'
import { renderJson } from '#render/json.ts'
import { momentOf } from '#render/text/format.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { readScanned } from '#run/results/scan.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { readAssets } from '../output/files.ts'
import { sendEvents } from './events.ts'

const INDEX_ASSETS = { template: ['head.hbs', 'serve-index.hbs'], css: ['report.css', 'static.css', 'site.css'], js: [] } as const

/** Runs of the list: older ones are reached by their address. */
const MAX_LISTED = 200

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }

/** Answer a request that was admitted. */
export async function answer(response: ServerResponse, url: URL, state: string, signal: AbortSignal): Promise<void> {
  if (!hasStore(state)) {
    if (url.pathname === '/') return sendText(response, 'text/html', await indexPage(null, state))
    return sendText(response, 'text/plain', 'No run is stored yet.\n', 404)
  }
  const store = await openStoreForReading(state)
  try {
    if (url.pathname === '/') return sendText(response, 'text/html', await indexPage(store, state))
    const [, id = '', what] = /^\/runs\/(\d{4}-\d\d-\d\d-\d+)\/(|report\.json|events)$/.exec(url.pathname) ?? []
    if (what === undefined) return sendText(response, 'text/plain', 'There is no such page.\n', 404)
    const run = await findRun(store, id)
    if (run === null || planOf(run).kind === 'suite')
      return sendText(response, 'text/plain', `There is no page of run ${id}.\n`, 404)
    const { last } = await store.attemptsAfter(id, 0)
    const { report } = await buildRunReport(store, run)
    if (what === 'events') {
      const from = Number(url.searchParams.get('after') ?? 0)
      return await sendEvents(response, store, { whole: report, from: Number.isSafeInteger(from) ? from : 0, signal })
    }
    if (what === 'report.json') return sendText(response, 'application/json', renderJson(report))
    return sendText(response, 'text/html', await runPage(store, { run, report, last }, url.searchParams.get('since')))
  } finally {
    store.close()
  }
}

/** A run by its id; null where there is none. */
async function findRun(store: ReadRuns, id: string): Promise<RunRecord | null> {
  try {
    return await store.readRun(id)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** A run and its report, which has all attempts up to `last`, and maybe some behind it. */
interface Reported {
  readonly run: RunRecord
  readonly report: Report
  readonly last: number
}

/** The page of a run; one that is under way is followed, any other can be compared with the run `since`. */
async function runPage(store: ReadRuns, { run, report, last }: Reported, since: string | null): Promise<string> {
  const isUnderWay = run.finishedAt === null && run.owner !== null
  if (isUnderWay) return renderHtml(report, await readAssets(LIVE_ASSETS), { events: `/runs/${run.id}/events?after=${last}` })
  const before = since === null ? null : await findRun(store, since)
  const diff = before ? diffOf((await buildRunReport(store, before)).report, report) : undefined
  return renderHtml(report, await readAssets(HTML_ASSETS), { diff })
}

async function indexPage(store: ReadRuns | null, state: string): Promise<string> {
  const listed = store === null ? [] : (await store.listRuns()).slice(-MAX_LISTED)
  const runs: object[] = []
  let before: string | null = null
  for (const { id, startedAt, finishedAt, owner } of listed) {
    let problem = ''
    const scanned = store && (await readScanned(store, id, (text) => (problem = text)))
    const plan = scanned?.plan
    const isMatrix = plan?.kind === 'matrix' && finishedAt !== null
    runs.push({
      id,
      href: plan && plan.kind !== 'suite' ? `/runs/${id}/` : '',
      started: momentOf(startedAt),
      what: plan ? `${plan.kind}, ${plan.kernels.length} kernels × ${plan.cases.length} cases` : problem,
      state: finishedAt !== null ? 'finished' : owner !== null ? 'under way' : 'can be resumed',
      since: isMatrix && before !== null ? `/runs/${id}/?since=${before}` : '',
    })
    if (isMatrix) before = id
  }
  return fillPage(await readAssets(INDEX_ASSETS), { state, runs: runs.toReversed() })
}

/** Answer by a text. */
export function sendText(response: ServerResponse, type: string, text: string, status = 200): void {
  response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` })
  response.end(text)
}
