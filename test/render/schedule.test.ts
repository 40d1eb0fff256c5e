/** The window of a scheduled race as a picture in text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScheduleStanding } from '#domain/race/schedule.ts'
import { scheduleLines } from '#render/text/schedule.ts'
import { fromFile } from '#domain/report/file.ts'
import { renderJson } from '#render/json.ts'
import { reportSchema } from '#schema/report/matrix.ts'
import { boundaryRun as run } from '#test/helpers/judging.ts'
import { smallReport } from '#test/helpers/reports.ts'

const standing: ScheduleStanding = {
  boundaries: 720,
  tried: 720,
  segments: [{ symbol: 'copy_page_range', from: 0, to: 719 }],
  kernel: [run(0, 99), run(100, 719, { end: 'waits' })],
  disabled: { problem: null, instructions: [60, 700], runs: [run(0, 514), run(515, 515, { hit: true }), run(516, 712)] },
  secondCut: { problem: 'the case does not ask for it' },
  windows: [{ from: 515, to: 515, opens: 'copy_page_range+0x10', closes: 'copy_page_range+0x18' }],
  missing: [],
}

test('each column shows the worst of its boundaries, and the edges are named', () => {
  const lines = scheduleLines(standing)
  assert.equal(lines[0], '720 of 720 boundaries tried in copy_page_range')
  assert.equal(lines[1], `  kernel     ${'.'.repeat(10)}${'w'.repeat(62)}`)
  assert.equal(lines[2], `  fix disabled  ${'.'.repeat(51)}X${'.'.repeat(20)}`)
  assert.match(lines.join('\n'), /from boundary 515 \(behind copy_page_range\+0x10\) to 515 \(before copy_page_range\+0x18\)/)
  assert.match(lines.join('\n'), /second preemption not tried: the case does not ask for it/)
})

test('boundaries without a trial of their own are told from those with one', () => {
  const lines = scheduleLines({ ...standing, trials: 222 })
  assert.equal(lines[0], '720 of 720 boundaries covered in copy_page_range')
  assert.match(lines[1] ?? '', /^ {2}by trials at 222 of them: no instruction between/)
  assert.match(lines[2] ?? '', /^ {2}kernel {5}\./)
  assert.deepEqual(scheduleLines({ ...standing, trials: 720 }), scheduleLines(standing))
})

test('a short window has a column for each boundary, untried ones are blank', () => {
  const kernel = [run(0, 1), run(3, 3, { end: 'void', why: 'moved' })]
  const lines = scheduleLines({
    ...standing,
    boundaries: 5,
    tried: 2,
    kernel,
    disabled: { problem: 'no types' },
    windows: [],
    missing: ['a\u001b[31m b'],
  })
  assert.equal(lines[1], '  kernel     .. ? '.trimEnd())
  assert.match(lines.join('\n'), /fix not disabled: no types/)
  assert.ok(!lines.join('').includes('\u001b'))
})

test('a case without a schedule has no picture', () => {
  assert.deepEqual(scheduleLines(undefined), [])
})

test('the path through a window reads back from JSON as it was, and names its functions once', () => {
  const report = smallReport()
  const path = ['a', 'b', 'a', 'c', 'b'].map((symbol, at) => ({ symbol, from: at * 144, to: at * 144 + 143 }))
  const schedules = [standing, { ...standing, segments: path }, { ...standing, segments: [] }]
  const cells = report.cells.map((cell, at) => ({ ...cell, ...(schedules[at] ? { schedule: schedules[at] } : {}) }))
  const file = reportSchema.parse(JSON.parse(renderJson({ ...report, cells })))
  assert.deepEqual(file.symbols, ['copy_page_range', 'a', 'b', 'c'])
  const read = fromFile(file).cells.map((cell) => cell.schedule)
  assert.deepEqual(
    read,
    JSON.parse(JSON.stringify(cells)).map((cell: { schedule?: ScheduleStanding }) => cell.schedule),
  )
})
