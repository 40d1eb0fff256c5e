/** Results of earlier runs, reused by the command line that a user types: what has not changed boots nothing. */
import assert from 'node:assert/strict'
import { appendFile, cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { CATALOGUE } from '#run/prepare/catalogue.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, startCli, verdictsOf, type Ended } from '#test/helpers/cli.ts'

const CASES = ['prctl-auxv-tail', 'uffd-fork-event', 'uffd-mmap-changing-atomic']
const CHANGED = 'uffd-fork-event'

const place = await newPlace()
const catalogue = join(place.folder, 'catalogue')
let words: readonly string[]
let first: Report

const run = (...more: readonly string[]): Promise<Ended> => runCli(place, ['run', ...words, ...more])

/** Names of the attempts that a run made itself, as their evidence has them. */
const madeBy = async ({ run: { id } }: Report): Promise<string[]> =>
  (await readdir(join(place.state, 'evidence', id)))
    .map((name) => CASES.find((one) => name.includes(`.${one}.`)) ?? name)
    .toSorted()

/** By case, the run that a result is from; null for the run's own. */
const sourcesOf = ({ cells }: Report) => Object.fromEntries(cells.map((cell) => [cell.case, cell.reused?.run ?? null]))

before(async () => {
  const { v510 } = await fetchKernels()
  for (const id of CASES) await cp(join(CATALOGUE, id), join(catalogue, id), { recursive: true })
  words = [...kernelWords(v510), '--catalogue', catalogue, '--json', '--out', place.out]
  const ended = await run()
  assert.equal(ended.code, 0, ended.stderr)
  assert.doesNotMatch(ended.stderr, /reused/)
  first = readReport(ended)
})
after(() => place.remove())

test('the same run again boots nothing, says so in one line, and gives the same verdicts', async () => {
  const again = await run()
  assert.equal(again.code, 0, again.stderr)
  assert.match(
    again.stderr,
    /^kwitness: 3 results reused from earlier runs \(newest \d{4}-\d\d-\d\d \d\d:\d\d\), 0 run; --rerun all runs everything$/m,
  )
  const report = readReport(again)
  assert.deepEqual(verdictsOf(report), verdictsOf(first))
  assert.deepEqual(sourcesOf(report), Object.fromEntries(CASES.map((id) => [id, first.run.id])))
  assert.deepEqual(await madeBy(report), [], 'no evidence is its own: no guest ran')
  assert.equal(report.run.complete, true)
})

test('a changed program runs its column and nothing else, and its answer is reused from then on', async () => {
  await appendFile(join(catalogue, CHANGED, 'repro.c'), '\n/* Changed. */\n')
  const changed = readReport(await run())
  assert.deepEqual(verdictsOf(changed), verdictsOf(first))
  assert.deepEqual(await madeBy(changed), [CHANGED])
  assert.equal(sourcesOf(changed)[CHANGED], null)
  const later = readReport(await run())
  assert.deepEqual(await madeBy(later), [])
  assert.equal(sourcesOf(later)[CHANGED], changed.run.id)
})

test('words of --rerun: all of them, those that lack a fix, and a seed that nothing was made with', async () => {
  const lacking = first.cells.filter(({ verdict }) => verdict === 'lacks').map((cell) => cell.case)
  assert.ok(lacking.length > 0 && lacking.length < CASES.length, lacking.join())
  assert.deepEqual(await madeBy(readReport(await run('--rerun', 'failed'))), lacking)
  assert.deepEqual(await madeBy(readReport(await run('--rerun', 'all'))), CASES)
  const seeded = readReport(await run('--seed', '99'))
  assert.deepEqual(await madeBy(seeded), CASES)
  assert.deepEqual(await madeBy(readReport(await run('--seed', '99'))), [])
})

test('killed with -9, a run goes on with what it reuses and with what it made', async () => {
  await appendFile(join(catalogue, CHANGED, 'repro.c'), '\n/* Changed again. */\n')
  const cli = startCli(place, ['run', ...words])
  await cli.says(/reused from earlier runs .*, 1 run;/)
  cli.kill('SIGKILL')
  await cli.ended
  const resumed = await runCli(place, ['run', '--resume', '--json'])
  assert.equal(resumed.code, 0, resumed.stderr)
  const report = readReport(resumed)
  assert.deepEqual(verdictsOf(report), verdictsOf(first))
  assert.deepEqual(await madeBy(report), [CHANGED])
  assert.deepEqual(
    report.cells.filter(({ reused }) => reused).map((cell) => cell.case),
    CASES.filter((id) => id !== CHANGED),
  )
})
