import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeOf } from '#analysis/verify/compare-cells.ts'
import { prerequisitesOf, verificationOf, type Status } from '#analysis/verify/report.ts'
import type { Outcome, Verdict } from '#domain/judgement.ts'
import type { Splat } from '#domain/splat.ts'
import type { HunkTry, VerifyPlan } from '#domain/report/verify.ts'
import { HUNK, planOf, reportOf, type Said } from '#test/helpers/reports/verifications.ts'

const statusOf = (plan: VerifyPlan, said: Said): readonly [Status, string] => {
  const { status, summary } = verificationOf(plan, reportOf(said)).bases[0] ?? assert.fail('there is no base')
  return [status, summary]
}

/** Verdicts before and after, by case, and what that is called. */
const ANSWERS: readonly (readonly [Record<string, readonly [Verdict, Verdict]>, Status, RegExp])[] = [
  [{ fix: ['lacks', 'carries'], other: ['lacks', 'lacks'] }, 'fixes', /^fixes fix and changes no other verdict$/],
  [{ fix: ['lacks', 'lacks'], other: ['carries', 'carries'] }, 'no-effect', /does not fix fix \(lacks, then lacks\)/],
  [{ fix: ['lacks', 'carries'], other: ['carries', 'lacks'] }, 'breaks-other-case', /^fixes fix but breaks other \(carries, /],
  [{ fix: ['lacks', 'carries'], other: ['carries', 'not-applicable'] }, 'breaks-other-case', /\(carries, then not-applicable\)/],
  [{ fix: ['lacks', 'lacks'], other: ['carries', 'lacks'] }, 'breaks-other-case', /^does not fix fix and breaks other/],
  [{ fix: ['carries', 'carries'], other: ['lacks', 'lacks'] }, 'nothing-to-fix', /does not show the bug: fix/],
  [{ fix: ['lacks', 'inconclusive'], other: ['lacks', 'lacks'] }, 'inconclusive', /fix is not seen any more/],
  [{ fix: ['lacks', 'no-result'], other: ['lacks', 'lacks'] }, 'no-answer', /fix \(lacks, then no-result\)/],
  [{ fix: ['lacks', 'carries'], other: ['carries', 'no-result'] }, 'no-answer', /^fixes fix, but no answer/],
  [{ fix: ['lacks', 'not-applicable'], other: ['lacks', 'lacks'] }, 'no-effect', /fix \(lacks, then not-applicable\)/],
]

for (const [said, status, summary] of ANSWERS) {
  test(`${Object.entries(said)
    .map(([id, words]) => `${id} ${words.join(' to ')}`)
    .join(', ')}: ${status}`, () => {
    const [is, says] = statusOf(planOf(), said)
    assert.equal(is, status)
    assert.match(says, summary)
  })
}

test('a race that stays unseen keeps its verdict however often it was tried; seen is seen', () => {
  assert.equal(changeOf('carries', 'inconclusive', 'statistical'), 'unchanged')
  assert.equal(changeOf('inconclusive', 'carries', 'statistical'), 'unchanged')
  assert.equal(changeOf('inconclusive', 'lacks', 'statistical'), 'broke')
  assert.equal(changeOf('not-applicable', 'carries', 'deterministic'), 'gained')
  assert.equal(changeOf('error', 'error', 'deterministic'), 'unchanged')
})

test('without a case to fix, verdicts are compared alone', () => {
  const plan = planOf({ targets: [] })
  assert.equal(statusOf(plan, { fix: ['lacks', 'lacks'] })[0], 'unchanged')
  assert.equal(statusOf(plan, { fix: ['lacks', 'carries'] })[0], 'fixes')
  assert.equal(statusOf(plan, { fix: ['carries', 'lacks'] })[0], 'breaks-other-case')
})

test('a kernel report is new when the base gives it in no case; a notice is none', () => {
  const lines = { firstLine: 1, lastLine: 2 }
  const splat = (title: string, severity: Splat['severity'] = 'warning'): Splat => ({ rule: 'r', severity, title, ...lines })
  const said: Said = { fix: ['lacks', 'carries'], other: ['carries', 'carries'] }
  const look = (before: Splat[], after: Splat[]) =>
    verificationOf(planOf(), reportOf(said, { splats: { other: before }, later: { fix: after } }))
  assert.equal(look([splat('WARNING: a')], [splat('WARNING: a'), splat('x', 'notice')]).status, 'fixes')
  const found = look([splat('WARNING: a')], [splat('WARNING: b')])
  assert.deepEqual([found.status, found.bases[0]?.whole?.splats], ['new-splat', [{ title: 'WARNING: b', cases: ['fix'] }]])
})

test('a patched kernel that never boots is not a machine without answers', () => {
  const outcomes = (word: Outcome) => ({ outcomes: { fix: word } })
  const said: Said = { fix: ['lacks', 'no-result'] }
  assert.equal(verificationOf(planOf(), reportOf(said, outcomes('no-boot'))).status, 'does-not-boot')
  assert.equal(verificationOf(planOf(), reportOf(said, outcomes('infra'))).status, 'no-answer')
})

test('what needs no guest is told without a report: conflicts, a build that fails, a patch that is there', () => {
  const of = (changes: Parameters<typeof planOf>[0]) => verificationOf(planOf(changes), null)
  const rejected: HunkTry = { ...HUNK, hunk: 2, state: 'rejected', why: 'the file does not exist' }
  const conflicts = of({ word: 'with-conflicts', hunks: [HUNK, rejected] })
  assert.equal(conflicts.status, 'does-not-apply')
  const says = 'does not apply: 1 of 2 hunks rejected (mm/x.c hunk 2, the file does not exist)'
  assert.equal(conflicts.summary, `linux 5.10: ${says}`)
  assert.equal(of({ word: 'already-applied' }).bases[0]?.summary, 'is already applied exactly')
  assert.match(of({ word: 'already-in-other-form' }).bases[0]?.summary ?? '', /in another form/)
  const broken = of({ buildError: 'mm/x.c:1:2: error: no' })
  assert.deepEqual([broken.status, broken.bases[0]?.summary], ['does-not-build', 'does not build: mm/x.c:1:2: error: no'])
  assert.match(of({ trouble: 'it does not build' }).summary, /the base gives no answer: it does not build/)
})

test('a warning of the compiler is said of a patch that is good otherwise', () => {
  const plan = planOf({ warnings: [{ file: 'mm/x.c', message: 'unused' }] })
  const says = 'fixes fix, but the compiler gives a new warning: mm/x.c: unused'
  assert.deepEqual(statusOf(plan, { fix: ['lacks', 'carries'] }), ['new-warnings', says])
  assert.equal(statusOf(plan, { fix: ['lacks', 'lacks'] })[0], 'no-effect')
})

test('of several bases the worst decides the word of the whole', () => {
  const [good] = planOf().bases
  const [bad] = planOf({ word: 'with-conflicts', hunks: [{ ...HUNK, state: 'rejected' }] }).bases
  assert.ok(good && bad)
  const both = { ...planOf(), bases: [good, { ...bad, label: 'linux 6.1' }] }
  const verification = verificationOf(both, reportOf({ fix: ['lacks', 'carries'] }))
  assert.deepEqual(
    verification.bases.map(({ status }) => status),
    ['fixes', 'does-not-apply'],
  )
  assert.deepEqual([verification.status, verification.summary.startsWith('linux 6.1: ')], ['does-not-apply', true])
})

test('a series is held against its base as a whole; on the way it need not fix, but must not hurt', () => {
  const [base] = planOf().bases
  const [step] = base?.steps ?? []
  assert.ok(base && step)
  const first = { ...step, kernel: 'between' }
  const series = (steps: typeof base.steps) => ({
    ...planOf(),
    each: true,
    patches: [
      { name: 'one', subject: 'one', commits: [] },
      { name: 'two', subject: 'two', commits: [] },
    ],
    bases: [{ ...base, steps }],
  })
  const report = reportOf({ fix: ['lacks', 'carries'] })
  const between = report.cells.filter(({ kernel }) => kernel === 'before').map((cell) => ({ ...cell, kernel: 'between' }))
  const all = { ...report, cells: [...report.cells, ...between] }
  const good = verificationOf(series([first, { ...step, upTo: 2 }]), all)
  assert.deepEqual([good.status, good.bases[0]?.perPatch.map(({ status }) => status)], ['fixes', ['no-effect', 'fixes']])
  const fixed = between.map((cell) => ({ ...cell, verdict: 'carries' as const }))
  const early = { ...report, cells: [...report.cells, ...fixed] }
  const [one] = verificationOf(series([first, { ...step, upTo: 2 }]), early).bases
  assert.deepEqual(
    one?.perPatch.map(({ status }) => status),
    ['fixes', 'unchanged'],
    'what is fixed is not to be fixed again',
  )
  const bad = verificationOf(
    series([
      { ...first, buildError: 'x.c:1:1: error: no' },
      { ...step, upTo: 2 },
    ]),
    all,
  )
  assert.equal(bad.summary, 'linux 5.10: patch 1 of 2 does not build: x.c:1:1: error: no')
})

test('commits that several hunks wait for are named once', () => {
  const commit = { hash: 'a'.repeat(40), subject: 'x' }
  const hunk = { ...HUNK, state: 'rejected' as const, prerequisites: [commit] }
  const [base] = planOf({ word: 'with-conflicts', hunks: [hunk, { ...hunk, hunk: 2 }] }).bases
  assert.deepEqual(base && prerequisitesOf(base), [commit])
  assert.equal(prerequisitesOf({ tries: [] }), null)
})
