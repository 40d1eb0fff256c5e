import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { readConsole } from '#console/splat/reader.ts'
import { readTests } from '#console/ktap/reader.ts'
import type { Case } from '#domain/case.ts'
import type { Ending } from '#domain/evidence.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { judgeAttempt } from '#verdict/attempt/outcome.ts'
import { exited, race, sampleEvidence, theCase } from '#test/helpers/judging.ts'

const BOOT = `[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Command line: console=ttyS0
[    1.200000] kwitness: begin 1
`
const PANIC = `[    1.300000] Kernel panic - not syncing: sysrq triggered crash
[    1.300001] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0-40-cloud-amd64 #1
[    1.300002] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---
`
const OOPS = `[    1.300000] BUG: kernel NULL pointer dereference, address: 0000000000000008
[    1.300001] Oops: 0000 [#1] PREEMPT SMP NOPTI
[    1.300002] RIP: 0010:userfaultfd_release+0x4d/0x1e0
[    1.300003] ---[ end trace 0000000000000000 ]---
`
const END = '# kwitness: end of tests\n'
const OK = `KTAP version 1\n1..1\n# kwitness: trials=400 hits=0\nok 1 fork\n${END}`
const NOT_OK = `KTAP version 1\n1..2\nok 1 copy\n# kwitness: trials=9 hits=1\nnot ok 2 fork\n${END}`

/** Judge raw logs by way of the real readers. */
function judge(console: string, output: string, ending: Ending, judged: Case = race): AttemptJudgement {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const { lines, reading } = readConsole(bytes(console))
  const tests = readTests(bytes(output), { endMarker: true })
  return judgeAttempt(sampleEvidence({ ending }), { console: reading, tests, consoleLines: lines }, judged)
}

const status = (code: number) => exited({ code })
const reset: Ending = { kind: 'guest-stopped', reason: 'guest-reset' }

const ROWS: readonly [string, string, string, Ending, string, string][] = [
  ['a clean case', BOOT, OK, status(0), 'not-reproduced', 'clean exit'],
  ['a bug seen', BOOT, NOT_OK, status(1), 'reproduced', 'clean exit'],
  ['a skip of the whole', BOOT, `KTAP version 1\n1..0 # SKIP no userfaultfd\n${END}`, status(4), 'skipped', 'clean exit'],
  ['a skip of every test', BOOT, `KTAP version 1\n1..1\nok 1 move # SKIP no MOVE\n${END}`, status(4), 'skipped', 'clean exit'],
  ['a failed self-check', BOOT, 'KTAP version 1\n1..1\nBail out! mmap failed: ENOMEM\n', status(99), 'error', 'clean exit'],
  ['a stream without its end', BOOT, 'KTAP version 1\n1..1\nok 1 fork\n', status(0), 'error', 'clean exit'],
  ['silence', BOOT, '', status(0), 'error', 'clean exit'],
  ['noise', BOOT, '\u0000\u0001 hello\n', status(0), 'error', 'clean exit'],
  ['a panic', BOOT + PANIC, 'KTAP version 1\n1..1\n', reset, 'unrelated-crash', 'panic'],
  ['a panic after not ok', BOOT + PANIC, NOT_OK, reset, 'unrelated-crash', 'panic'],
  ['an oops that went on', BOOT + OOPS, OK, status(0), 'unrelated-crash', 'oops, went on'],
  ['a triple fault', BOOT, 'KTAP version 1\n1..1\n', reset, 'unrelated-crash', 'triple fault'],
  ['a second start', BOOT + BOOT, OK, status(0), 'unrelated-crash', 'triple fault'],
  ['a guest that switched itself off', `${BOOT}[    1.3] reboot: Power down\n`, OK, reset, 'unrelated-crash', 'guest stopped'],
  ['a case that talks like a panic', BOOT, PANIC + OOPS + OK, status(0), 'not-reproduced', 'clean exit'],
  ['a hostile name', BOOT, `KTAP version 1\n1..1\nok 1 <b>Kernel panic</b>\n${END}`, status(0), 'not-reproduced', 'clean exit'],
]

for (const [title, console, output, ending, outcome, word] of ROWS) {
  test(`from raw logs: ${title} is ${outcome}, ${word}`, () => {
    const judged = judge(console, output, ending)
    assert.deepEqual([judged.outcome, judged.ending], [outcome, word], JSON.stringify(judged.reasons))
  })
}

test('from raw logs: trials of all tests are found', () => {
  assert.deepEqual(judge(BOOT, OK, status(0)).trials, { hits: 0, trials: 400 })
  assert.deepEqual(judge(BOOT, NOT_OK, status(1)).trials, { hits: 1, trials: 9 })
})

test('from raw logs: a crash points at its line on the console', () => {
  const [first] = judge(BOOT + OOPS, OK, status(0)).reasons
  assert.deepEqual([first?.channel, first?.line], ['console', 4])
})

/** A console that a guest left, of the golden ones, without its labels. */
function recorded(name: string): string {
  const text = readFileSync(inRepository('test', 'golden', 'console', `recorded-${name}.log`), 'utf8')
  return text.slice(text.indexOf('\n\n') + 2)
}

const STEP = (name: string) => `KTAP version 1\n1..1\n# kwitness: entering ${name} after 151 ms\n`
const hung: Ending = { kind: 'case-hung', afterSeconds: 10, killed: true }
const crash: Case = { ...theCase, symptomEnding: { kind: 'splat', title: '^Corrupted page table$' } }
const hang: Case = { ...theCase, symptomEnding: { kind: 'hang', of: 'case' } }

for (const [console, output, each, outcome, rule] of [
  ['6.16.3-bad-pagetable', STEP('move'), crash, 'reproduced', 'symptom/splat'],
  ['6.19.6-bad-pagetable', STEP('move'), crash, 'reproduced', 'symptom/splat'],
  ['6.19.6-bad-pagetable', STEP('other'), crash, 'unrelated-crash', 'console/splat'],
  ['6.19.6-bad-pagetable', 'KTAP version 1\n1..1\n', crash, 'unrelated-crash', 'console/splat'],
  ['6.19.6-bad-pagetable', STEP('move'), hang, 'unrelated-crash', 'console/splat'],
  ['6.19.6-bad-pagetable', STEP('move'), theCase, 'unrelated-crash', 'console/splat'],
  ['6.18.15-hung-task', STEP('scan'), hang, 'reproduced', 'symptom/hang'],
  ['6.18.15-hung-task', STEP('other'), hang, 'unrelated-crash', 'console/splat'],
  ['6.18.15-hung-task', STEP('scan'), theCase, 'unrelated-crash', 'console/splat'],
] as const) {
  const waits = each.symptomEnding ? `waits for a ${each.symptomEnding.kind}` : 'waits for neither'
  test(`recorded ${console}, said ${JSON.stringify(output.slice(20))}, ${waits}: ${outcome}`, () => {
    const judged = judge(recorded(console), output, hung, each)
    assert.deepEqual([judged.outcome, judged.reasons[0]?.rule], [outcome, rule], JSON.stringify(judged.reasons))
  })
}
