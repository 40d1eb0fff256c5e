import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Replay } from '#analysis/replay.ts'
import { renderReplay } from '#render/replay.ts'

const PLAIN_TERMINAL = { width: 100, colour: false, ascii: false }
const side = {
  outcome: 'not-reproduced',
  ending: 'clean exit',
  summary: 'test 1 a page stays: ok',
  trials: null,
  seconds: 0.5,
  taint: { before: 0, after: 0 },
  diagnostics: [],
} as const

const same: Replay = {
  schema: 'kwitness.replay/1',
  run: '2026-01-31-1',
  kernel: 'some-6.1',
  case: 'a-case',
  attempt: 2,
  seed: '42',
  guest: 'same-state',
  changed: [],
  stored: side,
  replayed: { ...side, seconds: 0.25 },
  sameOutcome: true,
  output: { kind: 'identical' },
}

test('the same once more', () => {
  assert.equal(
    renderReplay(same, PLAIN_TERMINAL),
    `some-6.1 a-case, attempt 2 of run 2026-01-31-1, seed 42
guest: restored from the same snapshot as the attempt

           stored          replayed
  outcome  not-reproduced  not-reproduced
  ending   clean exit      clean exit
  seconds  0.50            0.25
  taint    0, then 0       0, then 0

summary: test 1 a page stays: ok
output: identical
The outcome is the same.
`,
  )
})

test('a race that hit this time: trials of both, what decided each, the line that differs, and nothing a terminal obeys', () => {
  const hit = {
    outcome: 'reproduced',
    ending: 'oops, went on',
    summary: 'test 1 a page stays: \x1b[2Jnot ok',
    trials: { hits: 1, trials: 1234 },
    taint: { before: 0, after: null },
  } as const
  const text = renderReplay(
    {
      ...same,
      guest: 'booted',
      changed: ['QEMU: 7.2.19, now 10.0.2'],
      stored: { ...side, trials: { hits: 0, trials: 900 } },
      replayed: { ...side, ...hit },
      sameOutcome: false,
      output: { kind: 'results-differ', line: 4, stored: 'ok 1 a page stays', replayed: null },
    },
    PLAIN_TERMINAL,
  )
  assert.equal(
    text,
    `some-6.1 a-case, attempt 2 of run 2026-01-31-1, seed 42
guest: booted
changed since: QEMU: 7.2.19, now 10.0.2

               stored          replayed
  outcome      not-reproduced  reproduced
  ending       clean exit      oops, went on
  hits/trials  0 of 900        1 of 1,234
  seconds      0.50            0.50
  taint        0, then 0       0, then unknown

summary
  stored    test 1 a page stays: ok
  replayed  test 1 a page stays:  [2Jnot ok
output: the results differ, first in line 4
  stored    ok 1 a page stays
  replayed  (the output has ended)
The outcome differs.
A race hits by chance, so this is not a contradiction.
`,
  )
})

test('the diagnostics of the case: once where both said the same, else of each side, on one line each', () => {
  const said = (stored: readonly string[], replayed: readonly string[]) => {
    const sides = { stored: { ...side, diagnostics: stored }, replayed: { ...side, diagnostics: replayed } }
    return renderReplay({ ...same, ...sides }, PLAIN_TERMINAL)
  }
  assert.match(said(['# 3 rounds', '# met'], ['# 3 rounds', '# met']), /^the case said\n {2}# 3 rounds\n {2}# met\nThe outcome/m)
  assert.match(said(['# 3 rounds'], []), /^the case said\n {2}stored {4}# 3 rounds\n {2}replayed {2}\(nothing\)\nThe/m)
  assert.doesNotMatch(said(['# \x1b[2J'], ['# \x1b[2J']), /[^\P{Cc}\n]/u)
  const many = Array.from({ length: 30 }, (_, index) => `# ${index}`)
  assert.match(said(many, many), /^ {2}# 19\n {2}and 10 more\nThe/m)
})
