/** What the end of kwitness-check on a machine and its stream come to, in a word and a sentence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCheckStream } from '#console/check/stream.ts'
import type { HostOutcome } from '#domain/report/host.ts'
import { classify } from '#harness/check/ask.ts'
import type { CommandEnd } from '#harness/transport/command/contract.ts'

const HEAD = 'KTAP version 1\n# kwitness-check: 1\n1..2\n'
const ONE = '# case: a exit=0 timed-out=0 seconds=1 taint=0,0 bytes=0 dropped=0 open=0\nok 1 a\n'
const WHOLE = `${HEAD}${ONE}${ONE}# kwitness-check: end\n`

const ENDS: readonly (readonly [end: CommandEnd, text: string, errors: string, outcome: HostOutcome, message: RegExp | null])[] =
  [
    [{ kind: 'exited', code: 1 }, WHOLE, '', 'checked', null],
    [{ kind: 'lost', message: 'x' }, WHOLE, '', 'checked', null],
    [{ kind: 'lost', message: 'reset' }, HEAD + ONE, '', 'lost', /^the connection was lost after 1 of 2 cases: reset$/],
    [{ kind: 'timed-out', limit: 'silence', seconds: 30 }, HEAD, '', 'timed-out', /^it was silent for 30 s after 0 of 2 cases$/],
    [{ kind: 'timed-out', limit: 'limit', seconds: 9 }, '', '', 'timed-out', /^it was not done for 9 s$/],
    [{ kind: 'signalled', signal: 'KILL' }, HEAD, '', 'lost', /killed by signal KILL after 0 of 2 cases/],
    [{ kind: 'exited', code: 74 }, '', 'no folder takes a program; /tmp: noexec\n', 'no-place', /^no folder takes/],
    [{ kind: 'exited', code: 1 }, 'This account is currently not available.\n', '', 'not-understood', /status 1: This account/],
    [{ kind: 'exited', code: 127 }, '', 'sh: head: not found\n', 'not-understood', /status 127: sh: head: not found/],
    [{ kind: 'exited', code: 3 }, `${HEAD}Segmentation fault\n`, '', 'not-understood', /it printed: Segmentation fault/],
    [{ kind: 'exited', code: 3 }, `${HEAD}# left: a hangs\n`, '', 'lost', /stopped after 0 of 2 cases: a hangs/],
    [{ kind: 'exited', code: 3 }, HEAD, 'its guard was killed\n', 'lost', /stopped after 0 of 2 cases: its guard was killed/],
  ]

for (const [end, text, errors, outcome, message] of ENDS) {
  test(`${JSON.stringify(end)} with ${JSON.stringify(text.slice(-40))} is ${outcome}`, () => {
    const found = classify(end, readCheckStream(Buffer.from(text)), errors)
    assert.equal(found.outcome, outcome)
    if (message === null) assert.equal(found.message, null)
    else assert.match(found.message ?? '', message)
  })
}
