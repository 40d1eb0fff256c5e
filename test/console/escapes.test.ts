/** Escapes as a standard writes them: the scanner held against the grammar of ECMA-48 as expressions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stripEscapes } from '#console/escapes.ts'

const SEQUENCES = new RegExp(
  [
    // CSI: parameters, intermediates, one final byte.
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]`,
    // DCS, SOS, OSC, PM, APC up to BEL or ST.
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)`,
    // nF, then Fp, Fe and Fs.
    String.raw`\x1b[ -/]+[0-~]`,
    String.raw`\x1b[0-~]`,
  ].join('|'),
  'g',
)
// oxlint-disable-next-line no-control-regex -- control bytes are what is taken out
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]+/g

const MARKS = '\x1b \x9b \x9c \x9d \x90 \x98 \x07 \x1b\\ \x1b[ \x1b] \x1b( [ ] ( P X ^ _ \\ \t \r \0 \x7f ; ? 0 1 m A B ~ / ü ☃'
const piece = fc.oneof(fc.constantFrom(...MARKS.split(' '), ' '), fc.string({ maxLength: 2 }))

test('what is taken off is what the grammar says, wherever sequences are cut or lie in one another', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const line = pieces.join('')
      assert.equal(stripEscapes(line), line.replace(SEQUENCES, '').replace(CONTROLS, ''))
    }),
    { numRuns: 5000 },
  )
})
