import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import type { Ending, Evidence } from '#domain/evidence.ts'
import type { Outcome } from '#domain/judgement.ts'
import type { ConsoleReading, Splat } from '#domain/splat.ts'
import type { Reading } from '#verdict/attempt/facts.ts'
import { judgeAttempt } from '#verdict/attempt/outcome.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { OK, testRows, type Row } from './rows.ts'
import { consoleReading, document, exited, point, sampleEvidence, splat, theCase } from '#test/helpers/judging.ts'

const ofCase: Case = { ...theCase, symptomEnding: { kind: 'hang', of: 'case' } }
const ofGuest: Case = { ...theCase, symptomEnding: { kind: 'hang', of: 'guest' } }
const crash: Case = { ...theCase, destructive: true, symptomEnding: { kind: 'splat', title: '^Corrupted page table$' } }
const warning: Case = { ...crash, symptomEnding: { kind: 'splat', title: '^WARNING: .* in move$' } }

/** The kernel log up to the case's word, which is its third line. */
const LINES = ['Linux version 6.1', 'kwitness: begin 1', 'kwitness: entering move']

/** What a case that went into its step after so many ms said; its result never came. */
function said(afterMs: number | null, console: Partial<ConsoleReading> = {}, consoleLines: readonly string[] = LINES): Reading {
  const diagnostics = afterMs === null ? [] : [`kwitness: entering move after ${afterMs} ms`]
  const tests = { documents: [document([point('not-reported')], { diagnostics })], problems: [] }
  return { console: consoleReading(console), tests, consoleLines }
}

const IN_STEP = said(150)
const own = (line = 10): Splat => splat('oops', 'Corrupted page table', line)
const other = (line: number): Splat => splat('oops', 'BUG: kernel NULL pointer dereference in foo', line)

const ended = (ending: Ending, changes: Partial<Evidence> = {}): Evidence => sampleEvidence({ ending, ...changes })
const killed = ended(exited({ code: null, signal: 9, timedOut: true, seconds: 10 }))
const unkillable = ended({ kind: 'case-hung', afterSeconds: 12, killed: true })
const answering = ended({ kind: 'case-hung', afterSeconds: 18 })
/** On a host that was measured as six times slower, the case has a minute. */
const slowJob = { ...sampleEvidence().job, limits: { bootSeconds: 120, silenceSeconds: 120, caseSeconds: 60 } }
const killedSlowly = ended(exited({ code: null, signal: 9, timedOut: true, seconds: 60 }), { job: slowJob })
const silent = ended({ kind: 'kernel-hung', afterSeconds: 18 })
const oopsed = ended(exited({ code: null, signal: 9 }), { taint: { before: 0, after: 128 + 512 } })
const stopped = ended({ kind: 'guest-stopped', reason: 'guest-reset' })

type Line = readonly [
  says: string,
  theCase: Case,
  evidence: Evidence,
  reading: Reading,
  outcome: Outcome,
  rule: string,
  line?: number,
]

const rows = (lines: readonly Line[]): Row[] =>
  lines.map(([says, each, evidence, reading, outcome, rule, line]) => ({
    says,
    theCase: each,
    evidence,
    reading,
    outcome,
    rule,
    ...(line === undefined ? {} : { line }),
  }))

const fine = sampleEvidence()
const signalled = ended(exited({ code: null, signal: 11 }))
const diedSilently = ended(killed.ending, { taint: { before: 0, after: 128 } })
const ran: Reading = { ...IN_STEP, tests: OK }
const stall = (line: number): Partial<ConsoleReading> => ({ splats: [splat('stall', 'INFO: task repro blocked', line)] })
const startedAgain = said(150, { extraBanners: 1 })
const hurt = (severity: 'fatal' | 'oops') => said(150, { splats: [splat(severity, 'BUG: sample', 20)] })

const HANGS = rows([
  ['a case killed at its time, in the step, hung', ofCase, killed, IN_STEP, 'reproduced', 'symptom/hang'],
  ['a case that cannot be killed in the step hung', ofCase, unkillable, IN_STEP, 'reproduced', 'symptom/hang'],
  ['where a guest may hang a case may, too', ofGuest, killed, IN_STEP, 'reproduced', 'symptom/hang'],
  ['nor need it be killable', ofGuest, unkillable, IN_STEP, 'reproduced', 'symptom/hang'],
  ['a guest that hangs is the bug, where that is waited for', ofGuest, silent, IN_STEP, 'reproduced', 'symptom/hang'],
  ['a guest that hangs is a crash, where a case is waited for', ofCase, silent, IN_STEP, 'unrelated-crash', 'agent/kernel-hung'],
  ['what only the host waited for is no hang', ofGuest, answering, IN_STEP, 'error', 'agent/case-hung'],
  ['a hang before the step is broken', ofCase, killed, said(null), 'error', 'agent/timeout'],
  ['a hang of a case that waits for none is broken', theCase, unkillable, IN_STEP, 'error', 'agent/case-hung'],
  ['a hang of a case that waits for a splat is broken', crash, killed, IN_STEP, 'error', 'agent/timeout'],
  ['a step entered at half of the time is early enough', ofCase, killed, said(5000), 'reproduced', 'symptom/hang'],
  ['a step entered later is not waited for', ofCase, killed, said(5001), 'error', 'symptom/late'],
  ['nor is it on a slow host, which has more time in all', ofCase, killedSlowly, said(5001), 'error', 'symptom/late'],
  ['a step entered in time is a hang on a slow host, too', ofCase, killedSlowly, said(5000), 'reproduced', 'symptom/hang'],
  ['a program that ended by itself did not hang', ofCase, fine, IN_STEP, 'error', 'output/undecided'],
  ['a program that another signal ended did not hang', ofCase, signalled, IN_STEP, 'error', 'output/undecided'],
  ['a panic comes before a hang', ofCase, unkillable, hurt('fatal'), 'unrelated-crash', 'console/splat', 20],
  ['an oops comes before a hang', ofCase, unkillable, hurt('oops'), 'unrelated-crash', 'console/splat', 20],
  ['a stall in the step is the hang itself', ofCase, unkillable, said(150, stall(4)), 'reproduced', 'symptom/hang'],
  ['a stall before the step is another', ofCase, unkillable, said(150, stall(2)), 'unrelated-crash', 'console/splat'],
  ['a stall that cannot be placed is another', ofCase, unkillable, said(150, stall(4), []), 'unrelated-crash', 'console/splat'],
  ['a kernel that died in silence did not hang', ofCase, diedSilently, IN_STEP, 'unrelated-crash', 'agent/died'],
  ['a guest that started again did not', ofGuest, silent, startedAgain, 'unrelated-crash', 'console/second-banner'],
  ['a case that waits for a hang and comes to its end is clean', ofCase, fine, ran, 'not-reproduced', 'output/ok'],
])

const after = said(150, { splats: [own(), other(30), splat('stall', 'soft lockup', 60)] })
const warned = said(150, { splats: [splat('warning', 'WARNING: mm/x.c:1 in move', 9)] })
const warnedBefore = said(150, { splats: [splat('warning', 'WARNING in x', 5), own()] })
const noticed = said(150, { splats: [splat('notice', 'Corrupted page table', 10)] })
const otherFirst = said(150, { splats: [other(8), own()] })
const alone = { splats: [own()] }

const SPLATS = rows([
  ['the splat in the step is the bug, the case killed by it', crash, oopsed, after, 'reproduced', 'symptom/splat', 10],
  ['the splat in the step is the bug, the case hung by it', crash, unkillable, after, 'reproduced', 'symptom/splat', 10],
  ['the splat in the step is the bug, the guest gone', crash, stopped, after, 'reproduced', 'symptom/splat', 10],
  ['the splat in the step is the bug, the guest silent', crash, silent, after, 'reproduced', 'symptom/splat', 10],
  ['a warning may be the splat', warning, killed, warned, 'reproduced', 'symptom/splat', 9],
  ['a warning before it does not matter', crash, oopsed, warnedBefore, 'reproduced', 'symptom/splat', 10],
  ['another splat is none', crash, oopsed, said(150, { splats: [other(10)] }), 'unrelated-crash', 'console/splat', 10],
  ['another before it counts first', crash, oopsed, otherFirst, 'unrelated-crash', 'console/splat', 8],
  ['the splat before the step is another', crash, oopsed, said(150, { splats: [own(2)] }), 'unrelated-crash', 'console/splat'],
  ['the splat of a case that entered no step is another', crash, oopsed, said(null, alone), 'unrelated-crash', 'console/splat'],
  ['so is one where the log tells of no step', crash, oopsed, said(150, alone, ['booted']), 'unrelated-crash', 'console/splat'],
  ['the splat of a case that waits for none is a crash', theCase, oopsed, said(150, alone), 'unrelated-crash', 'console/splat'],
  ['the splat of a case that waits for a hang is, too', ofCase, unkillable, said(150, alone), 'unrelated-crash', 'console/splat'],
  ['the splat after the end is a crash', crash, oopsed, { ...said(150, alone), tests: OK }, 'unrelated-crash', 'console/splat'],
  ['a notice with that title is no splat', crash, ended(exited({ code: 1 })), noticed, 'error', 'output/undecided'],
  ['a case that waits for a splat and comes to its end is clean', crash, fine, ran, 'not-reproduced', 'output/ok'],
  ['no boot is no boot', crash, ended({ kind: 'no-boot', reason: '20 s' }), said(150, alone), 'no-boot', 'agent/no-boot'],
])

testRows([...HANGS, ...SPLATS])

test('what follows the splat is counted in one line, and no taint is told', () => {
  const splats = [own(), other(30), splat('warning', 'BUG: scheduling while atomic', 60), splat('notice', 'Call Trace', 90)]
  const { reasons } = judgeAttempt(oopsed, said(150, { splats }), crash)
  assert.deepEqual(
    reasons.map(({ rule, line, text }) => [rule, line, text]),
    [
      ['symptom/splat', 10, 'Corrupted page table'],
      ['symptom/splat', null, 'the case entered "move" 0.15 s after its start'],
      ['symptom/afterwards', 30, '2 reports after it, not counted'],
    ],
  )
})

test('a hang says where it was and how long was waited, and what of the log was lost', () => {
  const { reasons } = judgeAttempt(unkillable, said(150, { droppedMessages: 3 }), ofCase)
  assert.deepEqual(
    reasons.map(({ channel, text }) => [channel, text]),
    [
      ['agent', 'the case entered "move" 0.15 s after its start; SIGKILL did not end it there (10 s)'],
      ['console', 'the kernel dropped 3 messages'],
    ],
  )
})

test('a hang that is the bug is an answer: it is not tried again, and a hang that is not is', () => {
  const judge = (reading: Reading) => judgeAttempt(unkillable, reading, ofCase)
  assert.equal(wantsAnotherAttempt([judge(IN_STEP)]), false)
  assert.equal(wantsAnotherAttempt([judge(said(null))]), true)
  assert.equal(wantsAnotherAttempt([judge(said(9000))]), true)
})
