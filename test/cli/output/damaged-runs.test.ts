/** Runs that cannot be read, of other branches of kwitness say, are skipped and named, whatever command goes through them. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, mock, test } from 'node:test'
import { loadGaps } from '#cli/nightly/gaps.ts'
import { loadCompared, loadHistory, loadNamed } from '#cli/output/named-report.ts'
import { loadReport } from '#cli/output/stored-report.ts'
import { retainedRuns } from '#cli/commands/retention/runs.ts'
import { parseBisectOptions } from '#cli/options/bisect-request.ts'
import type { PlanOf } from '#plan/plan.ts'
import { nearestOf } from '#run/check/nearest.ts'
import { resumeRun } from '#run/lifecycle.ts'
import { findResult } from '#run/results/find.ts'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import { newPlace, runCli } from '#test/helpers/cli.ts'
import { attemptIn, host, kernel } from '#test/helpers/evidence.ts'
import { theCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const place = await newPlace()
process.env['KWITNESS_STATE'] = place.state

const plan: PlanOf<'matrix'> = {
  ...planCommon,
  kind: 'matrix',
  kernels: [kernel],
  cases: [{ ...theCase, id: 'uffd-fork-event' }],
  listing: [{ ...kernel, notOnMirror: false }],
}
/** Between and after three runs that are whole, one of each kind of damage: [the kind, the column, what stands there]. */
const DAMAGE = [
  ['a plan of another kwitness', 'plan', JSON.stringify({ ...plan, kind: 'orbit' })],
  ['a plan of a newer schema', 'plan', JSON.stringify({ ...plan, schema: 'kwitness.plan/9' })],
  ['a plan cut short', 'plan', '{"schema":'],
  ['a host that is none', 'host', '[]'],
  ['an origin that is none', 'origin', '{"checkout":1}'],
] as const
const whole: string[] = []
const damaged: string[] = []

before(async () => {
  await mkdir(place.state)
  const store = await openStore(place.state)
  const create = async (): Promise<string> => {
    const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
    await store.recordAttempt(id, await attemptIn(place.folder, { case: 'uffd-fork-event' }), place.folder)
    return id
  }
  for (let round = 0; round < 3; round += 1) {
    whole.push(await create())
    for (const _ of DAMAGE) damaged.push(await create())
  }
  // The oldest whole run and those behind it are unfinished.
  for (const id of whole.slice(1)) await store.finishRun(id, new Date().toISOString())
  for (const id of damaged.slice(DAMAGE.length)) await store.finishRun(id, new Date().toISOString())
  for (const id of [whole[0]!, ...damaged.slice(0, DAMAGE.length)]) await store.releaseRun(id)
  store.close()
  const raw = openDatabase(join(place.state, 'store.sqlite'), { readOnly: false })
  for (const [index, id] of damaged.entries()) {
    const [, column, value] = DAMAGE[index % DAMAGE.length]!
    raw.run(`UPDATE runs SET ${column} = ? WHERE id = ?`, value, id)
  }
  raw.close()
})
after(() => place.remove())

/** The runs that a piece of work names on stderr. */
async function namedBy(work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = []
  const listening = mock.method(console, 'error', (line: string) => void lines.push(line))
  try {
    await work()
  } finally {
    listening.mock.restore()
  }
  return lines.flatMap((line) => /run (\S+) is skipped: the (plan|host|origin) of run \1/.exec(line)?.[1] ?? [])
}

test('latest, latest~1 and the history before a run are those that can be read', async () => {
  const named = await namedBy(async () => {
    assert.equal((await loadNamed('latest')).run.id, whole[2])
    assert.equal((await loadNamed('latest~1')).run.id, whole[1])
  })
  assert.deepEqual(named, damaged.slice(DAMAGE.length).toReversed(), 'each is named once')
  await assert.rejects(loadNamed('latest~2'), { message: /2 finished runs are stored/ })
  for (const _ of ['built', 'kept']) {
    assert.equal((await loadCompared('latest')).run.id, whole[2])
    assert.equal((await loadCompared('latest~1')).run.id, whole[1])
    assert.equal((await loadCompared(whole[1]!)).run.id, whole[1])
    await assert.rejects(loadCompared('latest~2'), { message: /2 finished runs are stored/ })
  }
  assert.deepEqual(
    (await loadHistory(whole[2]!, 5)).map(({ run }) => run.id),
    [whole[1]],
  )
  assert.deepEqual(await loadHistory('2001-01-01-1', 5), [], 'a report from elsewhere has no history here')
  const { report } = await loadReport(undefined, {})
  assert.equal(report.run.id, whole[2])
})

test('gaps, explain and --from-boundary go on to a run that can be read', async () => {
  assert.equal((await loadGaps('latest', undefined, undefined)).kernels[0]?.kernel, kernel.id)
  const found = await findResult(place.state, '6.1.170/uffd-fork-event', undefined)
  assert.equal(found.run.id, whole[2])
  await assert.rejects(findResult(place.state, 'nothing', undefined), ({ hint }: { hint: string }) =>
    damaged.every((id) => hint.includes(`run ${id} is skipped`)),
  )
  assert.equal((await nearestOf(found.store, kernel, () => undefined))?.run, whole[2])
  found.store.close()
  const context = { workspace: { cache: place.cache, state: place.state } }
  const request = parseBisectOptions({ tree: place.folder, fromBoundary: 'uffd-fork-event:6.1' }, [], context)
  await assert.rejects(request, { message: 'no stored run has a boundary of uffd-fork-event in 6.1.y' })
})

test('a run that is named and cannot be read is an error that names it', async () => {
  for (const id of damaged.slice(0, DAMAGE.length)) {
    const error = { name: 'InfraError', message: new RegExp(`of run ${id} (is damaged|cannot be read)`) }
    await assert.rejects(loadNamed(id), error)
    await assert.rejects(loadCompared(id), error)
  }
})

test('--resume takes the newest unfinished run that can be read', async () => {
  const context = { workspace: { cache: place.cache, state: place.state } }
  const skipped: string[] = []
  const inputs = resumeRun(
    { which: true, folder: place.state, kinds: ['controls'], onSkipped: (text) => skipped.push(text) },
    context,
  )
  await assert.rejects(inputs, { message: 'there is no unfinished run to resume' })
  assert.equal(skipped.length, DAMAGE.length)
})

test('retention sees all runs, and removes those that cannot be read, too', async () => {
  const store = await openStore(place.state)
  try {
    assert.equal((await retainedRuns(store)).length, whole.length + damaged.length)
    await store.removeRun(damaged[0]!)
    assert.equal((await store.listRuns()).length, whole.length + damaged.length - 1)
  } finally {
    store.close()
  }
})

test('the list has them as damaged, and stderr says why', async () => {
  const { code, stdout, stderr } = await runCli(place, ['runs', '--json'])
  assert.equal(code, 0, stderr)
  const kinds = (JSON.parse(stdout) as { id: string; kind: string | null }[]).map(({ id, kind }) => [id, kind] as const)
  for (const [id, kind] of kinds) assert.equal(kind, damaged.includes(id) ? null : 'matrix')
  for (const id of damaged.slice(1)) assert.match(stderr, new RegExp(`run ${id} is skipped: the \\w+ of run ${id} `))
})
