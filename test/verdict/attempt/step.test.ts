import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTests } from '#console/ktap/reader.ts'
import { parseStep, readOpenStep, stepLine } from '#verdict/attempt/step.ts'
import { document, point, silent, stream } from '#test/helpers/judging.ts'

const ENTERING = 'kwitness: entering move after 150 ms'
const LEFT = 'kwitness: left move'
const OPEN = { name: 'move', afterSeconds: 0.15 }

test('the two words are read', () => {
  assert.deepEqual(parseStep(ENTERING), { kind: 'entering', ...OPEN })
  assert.deepEqual(parseStep('  kwitness: entering a-2 after 0 ms\r'), { kind: 'entering', name: 'a-2', afterSeconds: 0 })
  assert.deepEqual(parseStep(LEFT), { kind: 'left', name: 'move' })
})

for (const line of ['', 'entering move after 1 ms', 'kwitness: trials=1 hits=0', 'kwitness: leftover', 'not kwitness: left x']) {
  test(`"${line}" is about something else`, () => assert.equal(parseStep(line), null))
}

for (const line of [
  'kwitness: entering',
  'kwitness: entering move',
  'kwitness: entering move after ms',
  'kwitness: entering move after -1 ms',
  'kwitness: entering move after 1.5 ms',
  'kwitness: entering MOVE after 1 ms',
  'kwitness: entering move after 150 ms[    3.14] BUG: glued on',
  'kwitness: entering move after 9999999999 ms',
  'kwitness: left',
  'kwitness: left two words',
]) {
  test(`"${line}" is malformed`, () => assert.equal(parseStep(line), 'malformed'))
}

test('any text is a step that can be, malformed, or about something else', () => {
  const words = fc.constantFrom('kwitness:', ' ', 'entering', 'left', 'move', 'after', '1', 'ms', '-', '\u0000')
  const near = fc.array(words, { maxLength: 12 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        near.map((parts) => parts.join('')),
      ),
      (line) => {
        const read = parseStep(line)
        if (read === null || read === 'malformed') return
        assert.match(read.name, /^[a-z0-9-]{1,40}$/)
        if (read.kind === 'entering') assert.ok(Number.isFinite(read.afterSeconds) && read.afterSeconds >= 0)
      },
    ),
    { numRuns: 5000 },
  )
})

/** What was said, and the step that it leaves open. */
const OUTPUTS: readonly (readonly [what: string, lines: readonly string[], open: typeof OPEN | null])[] = [
  ['nothing', [], null],
  ['an entering', [`# ${ENTERING}`], OPEN],
  ['an entering after diagnostics', ['# a page', `# ${ENTERING}`], OPEN],
  ['an entering and words of something else', [`# ${ENTERING}`, '# a page'], OPEN],
  ['a step that was left', [`# ${ENTERING}`, `# ${LEFT}`], null],
  ['a step that was left, and another', [`# ${ENTERING}`, `# ${LEFT}`, `# ${ENTERING}`], OPEN],
  ['a step and its result', [`# ${ENTERING}`, `# ${LEFT}`, 'ok 1 move'], null],
  ['a result with the step still open', [`# ${ENTERING}`, 'ok 1 move'], null],
  ['a step after the first result', ['ok 1 copy', `# ${ENTERING}`], OPEN],
  ['a bail-out in the step', [`# ${ENTERING}`, 'Bail out! no memory'], null],
  ['a leaving that was never an entering', [`# ${LEFT}`], null],
  ['a leaving of another step', [`# ${ENTERING}`, '# kwitness: left copy'], null],
  ['two steps at once', [`# ${ENTERING}`, `# ${ENTERING}`], null],
  ['an entering that cannot be read', ['# kwitness: entering move'], null],
  ['a leaving that cannot be read', [`# ${ENTERING}`, '# kwitness: left'], null],
  ['the words without their mark', [ENTERING.replace('kwitness: ', '')], null],
]

for (const [what, lines, open] of OUTPUTS) {
  test(`${what}: ${open ? 'the step is open' : 'no step is open'}`, () => {
    const text = ['KTAP version 1', '1..2', ...lines, ''].join('\n')
    assert.deepEqual(readOpenStep(readTests(text, { endMarker: true })), open)
  })
}

test('of several documents the last one says where the case was', () => {
  const entered = document([point('pass')], { diagnostics: [ENTERING] })
  assert.deepEqual(readOpenStep({ documents: [entered], problems: [] }), OPEN)
  assert.equal(readOpenStep({ documents: [entered, document([point('pass')])], problems: [] }), null)
  assert.equal(readOpenStep(silent), null)
  assert.equal(readOpenStep(stream(point('fail', { diagnostics: [ENTERING] }))), null)
})

test('the word of a step in the kernel log is found by its name, the last one counts', () => {
  const names = ['move', 'copy', 'move ', 'mover']
  const lines = ['booted', ...names.map((name) => `kwitness: entering ${name}`)]
  assert.equal(stepLine(lines, { name: 'move' }), 4)
  assert.equal(stepLine(lines, { name: 'copy' }), 3)
  assert.equal(stepLine(lines, { name: 'mov' }), null)
  assert.equal(stepLine([], { name: 'move' }), null)
})
