/** What git writes of a bisection, read again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBisectLog } from '#analysis/bisect/log.ts'
import { UserError } from '#domain/errors.ts'

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [string, string, string, string]

test('ends, skips, terms, paths and first-parent, by the hashes that git found behind the names', () => {
  const log = readBisectLog(`# bad: [${A}] mm: the newest
# ok: [${B}] Merge branch 'x' # bad: [${C}]
git bisect start '--first-parent' '--term-old=ok' '--term-new' 'bad' 'HEAD' 'HEAD~8' '--' 'a b' 'it'\\''s'
# skip: [${C}] does not build
git bisect skip ${C}
# ok: [${D}] fine
git bisect ok ${D}
# first bad commit: [${A}] mm: the newest
`)
  assert.deepEqual(log, {
    terms: { old: 'ok', new: 'bad' },
    old: [B, D],
    new: [A],
    skip: [C],
    paths: ['a b', "it's"],
    firstParent: true,
  })
})

test('without terms of its own it says good and bad, or old and new', () => {
  const log = (old: string, newer: string) => readBisectLog(`git bisect start\n# ${old}: [${A}] x\n# ${newer}: [${B}] y\n`)
  assert.deepEqual(log('good', 'bad').terms, { old: 'good', new: 'bad' })
  assert.deepEqual(log('old', 'new').terms, { old: 'old', new: 'new' })
})

test('what is no log, or lacks an end, is said to be', () => {
  assert.throws(() => readBisectLog(''), /the file is not a git bisect log/)
  const half = `git bisect start\n# bad: [${A}] x\n# status: waiting for good commit(s)\n`
  assert.throws(() => readBisectLog(half), /marks no commit as good/)
})

test('any text is read or refused in words', () => {
  const words = ['git bisect start ', "'", '\\', '\n', `# bad: [${A}]`, `# good: [${B}]`, '--', '--term-old']
  const piece = fc.oneof(fc.string(), fc.constantFrom(...words))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        const { new: newer, old } = readBisectLog(pieces.join(''))
        assert.ok(newer.length > 0 && old.length > 0)
      } catch (error) {
        assert.ok(error instanceof UserError, String(error))
      }
    }),
  )
})
