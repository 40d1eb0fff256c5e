/** A race decided by its interleavings, on a kernel of a distributor: no control kernel is built. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, runCli, runReport } from '#test/helpers/cli.ts'

const place = await newPlace()
const CASE = 'gup-fast-vs-fork'
let kernel: string
let report: Report

before(async () => {
  kernel = (await fetchKernels()).v61
  const ran = await runReport(place, [...kernelWords(kernel), '--cases', CASE])
  assert.equal(ran.code, 0, ran.stderr)
  report = ran.report
})
after(() => place.remove())

test('every boundary is clean, and the same kernel with its fix disabled shows the bug: carries', () => {
  const [cell] = report.cells
  assert.equal(cell?.verdict, 'carries', cell?.summary)
  const schedule = cell?.schedule
  assert.deepEqual(schedule?.missing, [])
  assert.equal(schedule?.tried, schedule?.boundaries)
  assert.ok(schedule && schedule.boundaries > 300)
  assert.ok(schedule.trials !== undefined && schedule.trials > 100 && schedule.trials < schedule.boundaries / 2)
  assert.equal(schedule.segments[0]?.symbol, 'copy_page_range')
  // One window, in which the second actor gets through, and behind which it waits for the first one's lock.
  assert.equal(schedule.windows.length, 1)
  assert.deepEqual(schedule.disabled.problem, null)
  assert.deepEqual(
    schedule.kernel.map(({ end }) => end),
    ['done', 'waits'],
  )
  const { secondCut } = schedule
  assert.ok(secondCut.problem === null && secondCut.control.problem === null, JSON.stringify(secondCut).slice(0, 300))
  assert.ok(
    secondCut.control.cut.runs.some(({ hit }) => hit),
    'without its check the second preemption shows the bug',
  )
})

test('the attempt ran one program in one guest under TCG, and explain shows the window', async () => {
  const [attempt, ...more] = report.cells[0]?.attempts ?? []
  assert.deepEqual(more, [])
  assert.ok(attempt?.argv.includes('tcg,thread=single'))
  const { stdout } = await runCli(place, ['explain', `${kernel}/${CASE}`])
  assert.match(stdout, /(\d+) of \1 boundaries covered in copy_page_range\n.*by trials at \d+ of them: .+\n.* kernel /)
  assert.match(stdout, / kernel {5}\.+w+\n.* fix disabled {2}\.+X+[.w]+\n/)
  assert.match(
    stdout,
    /shows from boundary \d+ \(behind copy_page_range\+\S+: mov.+\) to \d+ \(before copy_page_range\+\S+: lock .+\)/,
  )
})
