/** What a run costs whose results are all known: the second of two equal runs, and a run of every Debian kernel. */
import { spawnSync } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { cellsOf } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import { createRun, reportOf } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'
import { acceleratorWords, sayAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { createRecorder, openRecordedCache } from './support/recorded.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/reuse.ts [--kernels SELECTOR] [--cases GLOB] [--rounds N] [--recorded-only yes]
  [--accel kvm|tcg] [--json]

Runs the set (default: default, all cases) in a store of its own, then again: the second run must take at most 1/30 of
the first and 3 s. Then every Debian kernel x all cases, with recorded evidence and kernels that no guest boots, since
nothing is booted: at most 6 s; the report of that run built from the store: at most 1 s; and the size of report.json.
The floor is what node and kwitness --version take to start.`

const values = readOptions(HELP, { kernels: 'default', cases: 'all', rounds: '3', 'recorded-only': 'no', accel: undefined })
const rounds = Number(values.rounds)

await using place = await openPlace()
const { cache, scratch } = place

const floor = median(Array.from({ length: 5 }, () => secondsOf(['--version'], cache, join(scratch, 'floor')).seconds))
const rows: Row[] = []
const below: string[] = []
if (values['recorded-only'] === 'no') rows.push(...measureTwice())
rows.push(...(await measureRecorded()))
printRows(rows, { ...values, below })

/** Seconds of a command line in a cache and a state, and what it said; throws that where it fails. */
function secondsOf(words: readonly string[], inCache: string, state: string): { seconds: number; stderr: string } {
  const started = performance.now()
  const env = { ...process.env, KWITNESS_CACHE: inCache, KWITNESS_STATE: state }
  const { status, stderr } = spawnSync(inRepository('kwitness'), words, { env, encoding: 'utf8' })
  if (status !== 0 && status !== 1) throw new Error(`kwitness ${words.join(' ')} exits ${status}:\n${stderr}`)
  const seconds = (performance.now() - started) / 1000
  return { seconds, stderr }
}

/** Seconds of a run that must find all of its results in the store. */
function secondsAgain(words: readonly string[], inCache: string, state: string): number {
  const { seconds, stderr } = secondsOf(words, inCache, state)
  if (!/ results reused from earlier runs .*, 0 run;/.test(stderr)) throw new Error(`not all results were reused:\n${stderr}`)
  return seconds
}

function measureTwice(): Row[] {
  const words = [
    'run',
    '--kernels',
    values.kernels,
    '--cases',
    values.cases,
    '--out',
    join(scratch, 'out'),
    ...acceleratorWords(values.accel),
  ]
  const state = join(scratch, 'state')
  const { seconds: first, stderr } = secondsOf(words, cache, state)
  sayAccelerator(/ cells, (\w+), seed /.exec(stderr)?.[1] ?? 'an accelerator that it does not name')
  const again = Array.from({ length: rounds }, () => secondsAgain(words, cache, state))
  return [
    { what: 'the first run', seconds: [first], floor },
    { what: 'the same again', seconds: again, floor, budget: 3, budgetHere: first / 30 },
  ]
}

/** Every Debian kernel x all cases, all of it recorded: run again, and its report built. */
async function measureRecorded(): Promise<Row[]> {
  const kernels = await openRecordedCache(cache, scratch)
  const { state } = kernels.workspace
  const request = { kernels: ['debian:*'], cases: ['all'], noSnapshot: false, accelerator: 'tcg' } as const
  const { common, inputs } = await prepare(request, kernels, () => undefined)
  const plan: Plan = { ...common, kind: 'matrix' }
  const cells = cellsOf(plan)
  const store = await openStore(state)
  const { record: run } = await createRun(store, plan, inputs)
  const record = await createRecorder(plan, inputs, kernels, store, scratch)
  for (const cell of cells) await record(run.id, { cell, at: new Date().toISOString(), hasBug: false })
  await store.finishRun(run.id, new Date().toISOString())
  const words = ['run', '--kernels', 'debian:*', '--accel', 'tcg', '--out', join(scratch, 'out')]
  const seconds = Array.from({ length: rounds + 1 }, () => secondsAgain(words, kernels.workspace.cache, state)).slice(1)
  const built: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now()
    await reportOf({ store, record: run })
    built.push((performance.now() - started) / 1000)
  }
  store.close()
  const bytes = (await stat(join(scratch, 'out', 'report.json'))).size / cells.length
  below.push(`report.json: ${bytes.toFixed(0)} bytes a result (budget 1500)`)
  const size = `${plan.kernels.length} x ${plan.cases.length}`
  return [
    { what: `${size}, all known`, seconds, floor, budget: 6 },
    { what: `the report of ${size}, never judged by these rules`, seconds: built.slice(0, 1), floor: 0 },
    { what: `the report of ${size}, built again`, seconds: built.slice(1), floor: 0, budget: 1 },
  ]
}
