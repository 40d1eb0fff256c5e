/** A year of nights in the store: what diff, history and retention cost then, and how the store grows. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readNights, placesOf, writeNight } from '#cli/nightly/state.ts'
import { readSiteAssets } from '#cli/nightly/site.ts'
import { nightOf } from '#analysis/night.ts'
import { inRepository } from '#harness/support/repository.ts'
import { cellsOf } from '#plan/cells.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { Plan } from '#plan/plan.ts'
import { renderFix, renderKernel } from '#render/site/history.ts'
import { reportOf } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'
import type { AttemptRecord, RunRecord } from '#store/ports.ts'
import { median, type Row } from './support/figures.ts'
import { createRecorder, openRecordedCache } from './support/recorded.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/nights.ts [--nights N] [--kernels N] [--cases N] [--rounds N] [--folder DIR] [--json]

Fills a store in a temporary folder with nights of recorded results (default: 365 of 80 kernels x 35 cases). As a night does,
each runs 5 % of them and the 20 oldest anew and reuses the others; now and then an answer changes. Then it measures diff, the
history of a kernel and of a fix, kwitness runs, and what retention takes and gives back. The floor is kwitness --version.
--folder names a folder for the store: one in memory fills quickest.`

const DAY_MS = 24 * 3600 * 1000
/** As the default configuration of a night has them. */
const [SAMPLE, OLDEST] = [0.05, 20]
/** Every so many nights, the answer of one result changes. */
const CHANGE_EVERY = 7

const values = readOptions(HELP, { nights: '365', kernels: '80', cases: '35', rounds: '3', folder: undefined })
const [nights, rounds] = [Number(values.nights), Number(values.rounds)]

await using place = await openPlace()
const { cache } = place
const scratch = values.folder === undefined ? place.scratch : await mkdtemp(join(values.folder, 'kwitness-nights-'))
const below: string[] = []
let report: Report | null = null
try {
  printRows(await measure(), { ...values, below })
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function measure(): Promise<Row[]> {
  const kernels = await openRecordedCache(cache, scratch)
  const { state } = kernels.workspace
  const run = (...words: string[]): number => secondsOf(words, kernels.workspace.cache, state)
  const floor = median(Array.from({ length: 5 }, () => run('--version')))
  const filled = performance.now()
  const first = await fill(kernels)
  say(`filled in ${((performance.now() - filled) / 1000).toFixed(0)} s`)
  const size = bytesIn(state)
  below.push(`the first night takes ${mb(first)}, each later one ${mb((size - first) / Math.max(1, nights - 1))}`)
  const timesOf = (...words: string[]): number[] => Array.from({ length: rounds + 1 }, () => run(...words)).slice(1)
  const rows: Row[] = [
    { what: `diff, ${nights} nights stored`, seconds: timesOf('diff'), floor, budget: 1 },
    { what: 'history of a kernel and of a fix', seconds: await historyTimes(state), floor: 0, budget: 1 },
    { what: 'kwitness runs', seconds: timesOf('runs'), floor },
  ]
  const removing = (...words: string[]): void => {
    const seconds = run('runs', 'rm', ...words)
    rows.push({ what: `runs rm ${words.join(' ')}`, seconds: [seconds], floor })
    below.push(`after runs rm ${words.join(' ')}: ${mb(bytesIn(state))}`)
  }
  below.push(`with ${nights} nights: ${mb(size)}`)
  removing('--older-than', `${Math.ceil(nights / 2)}d`)
  removing('--max-size', `${Math.ceil((bytesIn(state) * 0.6) / 2 ** 20)}M`)
  removing('--keep', '10')
  rows.push({ what: 'diff, 10 nights stored', seconds: timesOf('diff'), floor, budget: 1 })
  return rows
}

/** Store all nights; the bytes that the first one takes. */
async function fill(kernels: Awaited<ReturnType<typeof openRecordedCache>>): Promise<number> {
  const { state } = kernels.workspace
  const request = { kernels: ['debian:*'], cases: ['all'], noSnapshot: false, accelerator: 'tcg' } as const
  const { common, inputs } = await prepare(request, kernels, () => undefined)
  const [ofKernels, ofCases] = [common.kernels.slice(-Number(values.kernels)), common.cases.slice(0, Number(values.cases))]
  const plan: Plan = { ...common, kernels: ofKernels, cases: ofCases, kind: 'matrix' }
  const cells = cellsOf(plan)
  const store = await openStore(state)
  const record = await createRecorder(plan, inputs, kernels, store, scratch)
  const places = placesOf(state, 'nightly')
  const host = { kernel: inputs.host.kernel, qemu: inputs.host.qemu, cpus: inputs.host.cpus, accelerator: plan.accelerator }
  const newest = new Map<number, AttemptRecord>()
  const changed = new Set<number>()
  let first = 0
  for (let night = 0; night < nights; night += 1) {
    const startedAt = new Date(Date.now() - (nights - night) * DAY_MS).toISOString()
    const run = await store.createRun({ startedAt, plan, host, origin: { checkout: inRepository(), command: ['nightly'] } })
    const sampled = Math.ceil(cells.length * SAMPLE) + OLDEST
    if (night > 0 && night % CHANGE_EVERY === 0) changed.add((night * 37) % cells.length)
    const anew = new Set(
      night === 0
        ? cells.keys()
        : [...changed, ...Array.from({ length: sampled }, (_, at) => (night * sampled + at) % cells.length)],
    )
    await store.reuseAttempts(
      run.id,
      [...newest].flatMap(([at, attempt]) => (anew.has(at) ? [] : [attempt])),
    )
    for (const at of anew) {
      const cell = cells[at]
      if (cell) newest.set(at, await record(run.id, { cell, at: startedAt, hasBug: changed.has(at) }))
    }
    changed.clear()
    await store.finishRun(run.id, new Date(Date.parse(startedAt) + 600_000).toISOString())
    await keepNight(run)
    if (night === 0) first = bytesIn(state)
    if (night % 50 === 49) say(`${night + 1} nights`)
  }
  store.close()
  return first

  /** The night in short, as the strips need it: its report is that of the first one, which is not built anew each time. */
  async function keepNight(run: RunRecord): Promise<void> {
    report ??= (await reportOf({ store, record: run })).report
    const own = { ...report, run: { ...report.run, id: run.id, startedAt: run.startedAt } }
    await writeNight(places, nightOf(own, { key: run.id, endedAt: run.startedAt, diff: null, problems: [], failed: new Set() }))
  }
}

/** Seconds to read all nights and to write the pages of one kernel and of one fix. */
async function historyTimes(state: string): Promise<number[]> {
  const assets = await readSiteAssets()
  const seconds: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now()
    const read = await readNights(placesOf(state, 'nightly'), nights)
    const newest = read.at(-1)
    renderKernel('nightly', read, newest?.kernels[0]?.id ?? '', assets)
    renderFix('nightly', read, newest?.cases[0]?.id ?? '', assets)
    seconds.push((performance.now() - started) / 1000)
  }
  return seconds.slice(1)
}

/** Seconds of a command line; throws what it said where it fails. */
function secondsOf(words: readonly string[], inCache: string, state: string): number {
  const started = performance.now()
  const env = { ...process.env, KWITNESS_CACHE: inCache, KWITNESS_STATE: state }
  const options = { env, encoding: 'utf8', maxBuffer: 2 ** 30 } as const
  const { status, stderr } = spawnSync(inRepository('kwitness'), words, options)
  if (status !== 0 && status !== 1) throw new Error(`kwitness ${words.join(' ')} exits ${status}:\n${stderr}`)
  return (performance.now() - started) / 1000
}

/** Bytes that a folder takes on its disk. */
function bytesIn(folder: string): number {
  const { stdout } = spawnSync('du', ['--summarize', '--block-size=1', folder], { encoding: 'utf8' })
  return Number(stdout.split('\t')[0])
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function say(text: string): void {
  console.error(text)
}
