/** What goes by age, number and size. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expiredOf, type Limits, type Retained } from '#analysis/retention.ts'

const DAY = 86_400_000
const NOW = 1000 * DAY

/** `a` is 1 day old, `b` two and so on; each takes 10 bytes. */
const items = (held = ''): Retained[] =>
  [...'cabed'].map((name) => ({
    name,
    usedAt: NOW - (name.charCodeAt(0) - 96) * DAY,
    bytes: 10,
    isHeld: held.includes(name),
  }))

const gone = (limits: Limits, held = '') =>
  expiredOf(items(held), limits, NOW)
    .map(({ name }) => name)
    .join('')

test('each limit by itself', () => {
  assert.equal(gone({}), '')
  assert.equal(gone({ keep: 2 }), 'edc')
  assert.equal(gone({ keep: 0 }), 'edcba')
  assert.equal(gone({ keep: 9 }), '')
  assert.equal(gone({ olderThanMs: 3 * DAY }), 'ed', 'what is just as old stays')
  assert.equal(gone({ maxBytes: 50 }), '')
  assert.equal(gone({ maxBytes: 49 }), 'e')
  assert.equal(gone({ maxBytes: 0 }), 'edcba')
})

test('together: the newest stay whatever the others say, and either of the others removes', () => {
  assert.equal(gone({ olderThanMs: DAY, keep: 3 }), 'ed')
  assert.equal(gone({ olderThanMs: 4 * DAY, maxBytes: 20 }), 'edc')
  assert.equal(gone({ maxBytes: 0, keep: 1 }), 'edcb')
})

test('what is held stays, counts for the size, and is none of the newest', () => {
  assert.equal(gone({ keep: 0 }, 'ae'), 'dcb')
  assert.equal(gone({ keep: 1 }, 'a'), 'edc')
  assert.equal(gone({ maxBytes: 25 }, 'e'), 'dcb')
})
