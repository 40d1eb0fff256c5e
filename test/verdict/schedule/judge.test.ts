/** Verdicts of scheduled races: nothing is believed that was not tried, and nothing seen is forgotten. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import type { BoundaryRun, ScheduleRecord } from '#domain/race/schedule.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import { standingOfSchedule } from '#verdict/schedule/standing.ts'
import { boundaryRun as run, theCase, tried } from '#test/helpers/judging.ts'

const scheduled: Case = { ...theCase, oracle: 'schedule' }

/** Ten boundaries; without the fix the bug shows at 4 to 6. */
const carries: ScheduleRecord = {
  schema: 'kwitness.schedule/1',
  problem: null,
  path: [
    'copy+0x0',
    'copy+0x4',
    'copy+0x8',
    'lock+0x0',
    'lock+0x2',
    'copy+0x10',
    'copy+0x14',
    'copy+0x18',
    'copy+0x1c',
    'fork+0x90',
  ],
  kernel: [run(0, 2), run(3, 9, { end: 'waits' })],
  disabled: { problem: null, instructions: [2, 8], runs: [run(0, 3), run(4, 6, { hit: true }), run(7, 8)] },
  secondCut: {
    problem: null,
    symbol: 'gup_fast',
    instructions: 40,
    every: 4,
    cuts: [
      { boundary: 4, runs: [run(0, 36)] },
      { boundary: 6, runs: [run(0, 36, { end: 'waits' })] },
    ],
    control: {
      problem: null,
      branch: 'gup_fast+0x90',
      cut: { boundary: 4, runs: [run(0, 8, { end: 'waits' }), run(12, 12, { hit: true })] },
    },
  },
  code: [{ at: 6, text: 'lock andb $0xfd, (%rax)' }],
}

/** A second cut without a positive control. */
const control = { problem: 'no branch of gup+0x0 by mm_struct.seq' } as const

function judge(record: ScheduleRecord | null, changes: Partial<JudgedAttempt> = {}) {
  const attempt = { ...tried('not-reproduced', { hits: 0, trials: 10 }, changes), ...(record ? { schedule: record } : {}) }
  return judgeCell(scheduled, {
    case: scheduled.id,
    profile: 'x86_64-tcg-2cpu-512m-nokaslr',
    series: '6.12.y',
    attempts: [attempt],
    rates: [],
    maxMissProbability: 1e-6,
  })
}

test('the summary says at how many boundaries a trial was made, where not at all', () => {
  const { verdict, summary } = judge({ ...carries, trials: 4 })
  assert.equal(verdict, 'carries')
  assert.match(summary, /not seen at any of 10 boundaries \(4 tried, the rest come to the same\), nor/)
  for (const trials of [10, undefined])
    assert.match(judge({ ...carries, trials }).summary, /not seen at any of 10 boundaries, nor/)
  assert.equal(standingOfSchedule({ ...carries, trials: 4 }).trials, 4)
})

test('every boundary clean, hits without the fix on the same path, both cuts made: carries, and it states its cover', () => {
  const { verdict, summary, schedule } = judge(carries)
  assert.equal(verdict, 'carries')
  assert.match(
    summary,
    /any of 10 boundaries, nor with .* every 4th of its 40 .* at 4 and 6, where .* instruction 12 on\); .* boundaries 4 to 6/,
  )
  assert.deepEqual(schedule?.windows, [{ from: 4, to: 6, opens: 'lock+0x0', closes: 'copy+0x14: lock andb $0xfd, (%rax)' }])
  assert.deepEqual(schedule?.segments, [
    { symbol: 'copy', from: 0, to: 2 },
    { symbol: 'lock', from: 3, to: 4 },
    { symbol: 'copy', from: 5, to: 8 },
    { symbol: 'fork', from: 9, to: 9 },
  ])
})

test('a second cut that was not made does not hinder, but is said', () => {
  const { verdict, summary } = judge({ ...carries, secondCut: { problem: 'the case does not ask for it' } })
  assert.equal(verdict, 'carries')
  assert.match(summary, /a second preemption was not tried \(the case does not ask for it\)/)
})

test('a case without a way to disable its fix rests on clean boundaries alone, and says so', () => {
  const alone = {
    ...carries,
    disabled: { problem: 'no instruction can be changed to the same effect', asked: false },
    secondCut: { problem: 'the case does not ask for it', asked: false },
  }
  const { verdict, summary, schedule } = judge(alone)
  assert.equal(verdict, 'carries')
  assert.match(summary, /any of 10 boundaries, with one preemption, which is all .*; this kernel has no positive control/)
  assert.deepEqual(schedule?.missing, [])
  assert.equal(judge({ ...alone, kernel: [run(0, 8)] }).verdict, 'inconclusive')
  assert.equal(judge({ ...alone, kernel: [run(0, 8), run(9, 9, { hit: true })] }).verdict, 'lacks')
  // A control that could not be made where the case asks for one is something else.
  assert.equal(judge({ ...alone, disabled: { problem: 'the kernel has no mm_struct.seq' } }).verdict, 'inconclusive')
})

test('a second cut without a positive control is said, and so is a control that shows nothing', () => {
  const { secondCut } = carries
  if (secondCut.problem !== null) return assert.fail()
  const unknown = judge({ ...carries, secondCut: { ...secondCut, control } })
  assert.equal(unknown.verdict, 'carries')
  assert.match(unknown.summary, /no positive control for that: no branch of gup\+0x0 by mm_struct\.seq/)
  const blind = { problem: null, branch: 'gup+0x90', cut: { boundary: 4, runs: [run(0, 36)] } } as const
  assert.match(judge({ ...carries, secondCut: { ...secondCut, control: blind } }).summary, /does not show without the check/)
})

test('a hit that came up each time: lacks, whatever else is missing', () => {
  const hit = { ...carries, kernel: [run(0, 3), run(4, 6, { hit: true }), run(7, 9)] }
  const first = judge(hit, { outcome: 'reproduced' })
  assert.equal(first.verdict, 'lacks')
  assert.match(first.summary, /seen at boundaries 4 to 6 of its window, each time/)
  assert.equal(judge({ ...hit, disabled: { problem: 'no types' }, problem: 'QEMU is gone' }).verdict, 'lacks')
  const cuts = [{ boundary: 4, runs: [run(0, 8), run(12, 20, { hit: true }), run(24, 36)] }]
  const second = judge({ ...carries, secondCut: { problem: null, symbol: 'gup', instructions: 40, every: 4, cuts, control } })
  assert.equal(second.verdict, 'lacks')
  assert.match(second.summary, /stopped at its instructions 12 to 20 and the first one at boundary 4/)
})

const voidAt = (from: number, to: number, why: string): BoundaryRun => run(from, to, { end: 'void', why })

const INCONCLUSIVE: readonly (readonly [string, ScheduleRecord, RegExp])[] = [
  [
    'a void point',
    { ...carries, kernel: [run(0, 4), voidAt(5, 5, 'the path moved'), run(6, 9)] },
    /9 of 10 boundaries, but no trial at boundary 5 counts: the path moved/,
  ],
  ['a point that was left out', { ...carries, kernel: [run(0, 4), run(6, 9)] }, /boundary 5 were not tried/],
  ['an end that was not reached', { ...carries, kernel: [run(0, 4)] }, /boundaries 5 to 9 were not tried/],
  ['no trial at all', { ...carries, kernel: [] }, /boundaries 0 to 9 were not tried/],
  ['trials that ended early', { ...carries, problem: 'the debugger of QEMU is gone' }, /but the debugger of QEMU is gone/],
  ['no path', { ...carries, path: [], kernel: [] }, /the path through the window was not seen/],
  [
    'no disable',
    { ...carries, disabled: { problem: 'the kernel has no mm_struct.seq' } },
    /could not be disabled: the kernel has no mm_struct.seq/,
  ],
  [
    'a disable without a hit',
    { ...carries, disabled: { problem: null, instructions: [2], runs: [run(0, 9)] } },
    /with the fix disabled did not show the bug/,
  ],
  [
    'a void point of the kernel with its fix disabled',
    { ...carries, disabled: { problem: null, instructions: [2], runs: [run(4, 5, { hit: true }), voidAt(6, 6, 'no word')] } },
    /with the fix disabled at boundary 6 counts: no word/,
  ],
  [
    'a void second cut',
    {
      ...carries,
      secondCut: {
        problem: null,
        symbol: 'gup',
        instructions: 8,
        every: 4,
        cuts: [{ boundary: 4, runs: [voidAt(0, 4, 'an IPI')] }],
        control,
      },
    },
    /second actor stopped at its instruction 0 and boundary 4 counts: an IPI/,
  ],
]

for (const [what, record, why] of INCONCLUSIVE) {
  test(`${what}: inconclusive, and it says so`, () => {
    const { verdict, summary } = judge(record)
    assert.equal(verdict, 'inconclusive')
    assert.match(summary, why)
  })
}

test('a hit in a trial that does not count is neither lacks nor carries', () => {
  const { verdict, summary } = judge(carries, { outcome: 'reproduced' })
  assert.equal(verdict, 'inconclusive')
  assert.match(summary, /saw the bug in a trial that does not count/)
})

test('a guest that broke behind its trials is not believed', () => {
  for (const outcome of ['error', 'unrelated-crash', 'infra'] as const) {
    const { verdict, summary } = judge(carries, { outcome, trials: null })
    assert.equal(verdict, 'inconclusive')
    assert.match(summary, /the attempt came to no answer/)
  }
})

test('an attempt without a record proves nothing, and a skip stays a skip', () => {
  assert.equal(judge(null).verdict, 'inconclusive')
  assert.equal(judge(null, { outcome: 'skipped', trials: null }).verdict, 'not-applicable')
  assert.equal(judge(null, { outcome: 'reproduced' }).verdict, 'lacks')
})

test('no record of any shape is taken for carries unless all of it is there', () => {
  const complete = standingOfSchedule(carries)
  assert.deepEqual(complete.missing, [])
  assert.equal(complete.tried, 10)
  for (const key of ['kernel', 'path'] as const) assert.notDeepEqual(standingOfSchedule({ ...carries, [key]: [] }).missing, [])
})
