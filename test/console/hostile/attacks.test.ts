/** The lines against an expression of the readers are what they should be: it matches them, and others nearly. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findExpressions } from '#lint/source.ts'
import { attacksOn } from './attacks.ts'
import { parseExpression, write } from './expression.ts'

const ROOT = join(import.meta.dirname, '../../../src/console')

test('the shortest text of every expression in the readers is matched by it', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const found = files.flatMap((file) => findExpressions({ file, text: readFileSync(join(ROOT, file), 'utf8') }))
  assert.ok(found.length > 200, `${found.length} expressions`)
  const missed = found.filter((one) => !new RegExp(one.source, one.flags).test(write(parseExpression(one), null, 0).text))
  // What an expression looks ahead for is not written.
  assert.deepEqual(
    missed.map(({ source }) => source).filter((source) => !source.includes('(?=')),
    [],
  )
})

test('parts that repeat are repeated as often as they may be, once more, and to the length of a line', () => {
  const lines = attacksOn(/^a{1,3}(?:b|cd)$/)
  for (const line of ['ab', 'aaab', 'aaaab', 'acd', 'ab!', 'aaa']) assert.ok(lines.includes(line), line)
  assert.ok(lines.some((line) => /^a{4000,}b$/.test(line)))
  assert.ok(lines.some((line) => line.startsWith('abab') && line.length > 4000))
})
