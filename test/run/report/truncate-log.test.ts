import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLogTruncator } from '#run/report/truncate-log.ts'

const LONGEST = 1501
const numbered = (length: number): string[] => Array.from({ length }, (_, index) => `line ${index + 1}`)

test('a log that is not long stays as it is', () => {
  for (const length of [0, 1, LONGEST - 1, LONGEST]) {
    const { lines, line } = createLogTruncator(numbered(length))
    assert.deepEqual(lines, numbered(length))
    assert.equal(line(length), length)
  }
})

test('a long one keeps its beginning and its end, and says how much is between them', () => {
  fc.assert(
    fc.property(fc.integer({ min: LONGEST + 1, max: 5000 }), (length) => {
      const { lines } = createLogTruncator(numbered(length))
      assert.equal(lines.length, LONGEST)
      const cut = lines.findIndex((text) => text.startsWith('[kwitness:'))
      const [, said] = /^\[kwitness: (\d+) lines are left out here; the store has them\]$/.exec(lines[cut] ?? '') ?? []
      assert.equal(Number(said), length - (lines.length - 1))
      const all = numbered(length)
      assert.deepEqual(lines.toSpliced(cut, 1), [...all.slice(0, cut), ...all.slice(cut - LONGEST + 1)])
    }),
  )
})

test('a line number follows its line, one that was cut out points at the cut', () => {
  fc.assert(
    fc.property(fc.integer({ min: LONGEST + 1, max: 5000 }), fc.nat(), (length, any) => {
      const all = numbered(length)
      const { lines, line } = createLogTruncator(all)
      const number = (any % length) + 1
      const shown = lines[line(number) - 1] ?? ''
      if (shown !== all[number - 1]) {
        assert.match(shown, /^\[kwitness: /)
        assert.ok(!lines.includes(all[number - 1] ?? ''), 'what is kept is pointed at')
      }
    }),
  )
})
