/** The splat finder held against any log, and its bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createConsoleReader, readConsole } from '#console/splat/reader.ts'
import { MAX_SPLATS } from '#console/splat/list.ts'
import { normaliseTitle } from '#console/splat/title.ts'
import { chunksOf, consoleLog, consoleText } from '../arbitraries.ts'

const encode = (text: string) => new TextEncoder().encode(text)

test('any log is read, and splats lie in order inside it', () => {
  fc.assert(
    fc.property(consoleLog, fc.nat(2), (text, expectedBanners) => {
      const { lines, reading } = readConsole(encode(text), { expectedBanners })
      let end = 0
      for (const { firstLine, lastLine, title } of reading.splats) {
        assert.ok(firstLine > end && lastLine >= firstLine && lastLine <= lines.length, `${firstLine}-${lastLine} after ${end}`)
        assert.notEqual(title, '')
        end = lastLine
      }
      assert.ok(reading.extraBanners >= 0 && reading.droppedMessages >= 0 && reading.badBytes >= 0)
    }),
  )
})

test('chunks change nothing', () => {
  fc.assert(
    fc.property(consoleLog, fc.array(fc.nat(60)), (text, sizes) => {
      const reader = createConsoleReader()
      for (const chunk of chunksOf(encode(text), sizes)) reader.push(chunk)
      assert.deepEqual(reader.finish(), readConsole(encode(text)).reading)
    }),
  )
})

test('a panic is found in whatever noise', () => {
  fc.assert(
    fc.property(consoleLog, consoleLog, (before, after) => {
      const { lines, reading } = readConsole(encode(`${before}\n[    9.000000] Kernel panic - not syncing: found me\n${after}`))
      const at = lines.indexOf('Kernel panic - not syncing: found me') + 1
      assert.ok(reading.splats.some(({ rule, firstLine }) => rule === 'panic' && (firstLine === at || firstLine === at - 1)))
    }),
  )
})

test('a title made plain twice is the same', () => {
  fc.assert(fc.property(consoleText, (text) => assert.equal(normaliseTitle(normaliseTitle(text)), normaliseTitle(text))))
})

test('one bug on two boots has one title', () => {
  const first = 'BUG: KASAN: slab-use-after-free in userfaultfd_ctx_put.isra.0+0x1d/0x190'
  const second = 'BUG: KASAN: slab-use-after-free in userfaultfd_ctx_put+0x2f/0x1a0'
  assert.equal(normaliseTitle(first), normaliseTitle(second))
  assert.equal(
    normaliseTitle('WARNING: CPU: 0 PID: 91 at mm/gup.c:61 try_get_compound_head.part.0+0x84/0xb0'),
    normaliseTitle('WARNING: mm/gup.c:61 at try_get_compound_head+0x80/0xb0, CPU#1: repro/77'),
  )
})

test('a flood of reports is bounded, counted, and does not hide a panic', () => {
  const flood = '[    1.000000] BUG: Bad rss-counter state mm:0000000012345678 type:MM_ANONPAGES val:1\n'.repeat(3 * MAX_SPLATS)
  const { reading } = readConsole(encode(`${flood}Kernel panic - not syncing: at last\n`))
  assert.equal(reading.splats.length, MAX_SPLATS + 2)
  assert.deepEqual(reading.splats.at(-2), {
    rule: 'panic',
    severity: 'fatal',
    title: 'Kernel panic - not syncing: at last',
    firstLine: 3 * MAX_SPLATS + 1,
    lastLine: 3 * MAX_SPLATS + 1,
  })
  assert.equal(reading.splats.at(-1)?.title, `${2 * MAX_SPLATS} more reports are not listed`)
})

test('the decompressor banner and the kernel banner of one start are one start', () => {
  const start = 'Booting the kernel.\n[    0.000000] Linux version 6.1.0 (a@b) (gcc) #1\n'
  assert.equal(readConsole(encode(start)).reading.extraBanners, 0)
  assert.equal(readConsole(encode(start + start)).reading.extraBanners, 1)
  assert.equal(readConsole(encode(start), { expectedBanners: 0 }).reading.extraBanners, 1)
})
