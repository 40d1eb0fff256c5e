/**
 * Controls of the 5.10 series, from its source to the control matrix: a base and two kernels with a fix taken out, one fix with a
one fix with a and one with a race. Where the cache has no base it is built here, which takes minutes.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ControlMatrix, ControlMatrixRow } from '#analysis/controls/control-matrix.ts'
import type { ControlRate } from '#domain/control.ts'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { newPlace, startCli, type Ended } from '../helpers/cli.ts'

const FIXES = ['57efa1fe5957', 'df2cc96e7701']

const place = await newPlace()
after(() => place.remove())

/** To its end, with what it says shown to whoever waits for the tests. */
const run = (...args: string[]): Promise<Ended> => startCli(place, args, [], (text) => process.stdout.write(text)).ended

const verdictOf = ({ cells }: ControlMatrixRow, id: string) => cells.find((cell) => cell.case === id)?.verdict

test('the base of the line is there, built from Debian source where it was not', async () => {
  const { code, stdout, stderr } = await run('kernels', 'pull', 'tree:debian-5.10')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^tree-5\.10\.\d+-base-\w+ +\S+\/vmlinux$/m)
})

test('two controls reproduce their cases, deterministic and race, and leave all others as on their base', async () => {
  const fixes = FIXES.flatMap((fix) => ['--fix', fix])
  // One without chance is of none of these fixes, and takes up to a minute on each of the three kernels.
  const cases = (await readCatalogue(CATALOGUE)).filter(({ schedule }) => schedule?.byChance !== false).map(({ id }) => id)
  const ended = await run('controls', '--series', '5.10', ...fixes, '--cases', cases.join(), '--json', '--out', place.out)
  const matrix = JSON.parse(ended.stdout || 'null') as (ControlMatrix & { readonly rates: readonly ControlRate[] }) | null
  assert.ok(matrix, `kwitness controls gave no matrix (exit ${ended.code}); it said:\n${ended.stderr}`)
  assert.deepEqual(matrix.failures, [])
  assert.deepEqual([ended.code, matrix.holds], [0, true], ended.stderr)

  const rows = matrix.series.flatMap((line) => line.rows)
  const rowOf = (fix: string | null) => {
    const row = rows.find(({ control }) => (control?.fix ?? null) === fix)
    assert.ok(row, `there is no kernel ${fix ?? 'base'} in the matrix`)
    return row
  }
  assert.equal(rows.length, 1 + FIXES.length)
  const deterministic = [null, ...FIXES].map((fix) => verdictOf(rowOf(fix), 'uffd-copy-vs-fork'))
  assert.deepEqual(deterministic, ['carries', 'carries', 'lacks'])

  const race = 'gup-fast-vs-fork'
  assert.equal(verdictOf(rowOf('57efa1fe5957'), race), 'lacks')
  for (const fix of [null, 'df2cc96e7701']) {
    const trials = rowOf(fix).cells.find((cell) => cell.case === race)?.trials
    assert.ok(trials && trials.hits === 0 && trials.trials > 0, `${fix ?? 'base'}: it was tried, and nothing was hit`)
  }
  const rate = matrix.rates.find((one) => one.case === race)
  assert.ok(rate && rate.hits > 0 && rate.kernel === rowOf('57efa1fe5957').kernel, 'what the control showed is kept')
})
