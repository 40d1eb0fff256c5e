/** What changelogs claim: rows of a changelog, a kernel and what is said of it, with the line it rests on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changelogSays, gapOf } from '#analysis/claims/from-changelog.ts'
import { claimOf } from '#analysis/claims/claim.ts'
import type { Case } from '#domain/case.ts'
import { kernel } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { changelogOf, type Brings } from '#test/helpers/changelogs.ts'

const SUBJECT = 'mm/userfaultfd: fix uninitialized output field for -EAGAIN race'
const fix = (subject: string) => ({ commit: '95567729173e', subject, fixes: [], cve: [] })
const given = (subjects: readonly string[], claim: Partial<Case['claim']> = {}): Case =>
  sampleCase('one', {
    fixes: subjects.map(fix),
    claim: { mainline: '6.15', stable: {}, subjects: [], source: 'case.json', ...claim },
  })
const ONE = given([SUBJECT])

/** 6.12.28 to 6.12.32, a build each, bringing what is given for its patch level. */
function line(brings: Readonly<Record<number, readonly string[]>>): Brings[] {
  return [32, 31, 30, 29, 28].map((patch) => ({
    build: `6.12.${patch}-1`,
    lists: { [`6.12.${patch}`]: brings[patch] ?? ['net: something else'] },
  }))
}

const ROWS = [
  {
    title: 'the release that lists it',
    brings: { 29: [SUBJECT] },
    version: '6.12.29',
    says: 'listed',
    by: /linux \(6\.12\.29-1\), ChangeLog-6\.12\.29, "mm\/userfaultfd: fix uninit/,
  },
  { title: 'a release after it', brings: { 29: [SUBJECT] }, version: '6.12.32', says: 'listed', by: /6\.12\.29-1/ },
  {
    title: 'a release before it',
    brings: { 29: [SUBJECT] },
    version: '6.12.28',
    says: 'not-listed',
    by: /^applied later only: Debian changelog: linux \(6\.12\.29-1\)/,
  },
  {
    title: 'a release after its revert',
    brings: { 29: [SUBJECT], 31: [`Revert "${SUBJECT}"`] },
    version: '6.12.31',
    says: 'not-listed',
    by: /\(6\.12\.31-1\), .*"Revert "mm/,
  },
  {
    title: 'a release between it and its revert',
    brings: { 29: [SUBJECT], 31: [`Revert "${SUBJECT}"`] },
    version: '6.12.30',
    says: 'listed',
    by: /6\.12\.29-1/,
  },
  {
    title: 'the revert of its revert',
    brings: { 29: [SUBJECT], 30: [`Revert "${SUBJECT}"`], 31: [`Revert "Revert "${SUBJECT}""`] },
    version: '6.12.32',
    says: 'listed',
    by: /6\.12\.31-1/,
  },
  {
    title: 'a fix and its revert in one list',
    brings: { 30: [SUBJECT, `Revert "${SUBJECT}"`] },
    version: '6.12.30',
    says: 'not-listed',
    by: /Revert/,
  },
  {
    title: 'a revert and the fix anew in one list',
    brings: { 29: [SUBJECT], 30: [`Revert "${SUBJECT}"`, SUBJECT] },
    version: '6.12.30',
    says: 'listed',
    by: /6\.12\.30-1/,
  },
  {
    title: 'what is only reverted later',
    brings: { 30: [`Revert "${SUBJECT}"`] },
    version: '6.12.29',
    says: 'listed',
    by: /^reverted later only/,
  },
  { title: 'a subject that only begins so', brings: { 29: [`${SUBJECT} again`] }, version: '6.12.32', says: null },
  { title: 'the subject in another case', brings: { 29: [SUBJECT.toUpperCase()] }, version: '6.12.32', says: null },
  { title: 'a kernel of another series', brings: { 29: [SUBJECT] }, version: '6.13.2', says: null },
  {
    title: 'a build that it does not tell of',
    brings: { 29: [SUBJECT] },
    version: '6.12.30',
    build: '6.12.30-1~bpo12+1',
    says: 'listed',
    by: /6\.12\.29-1/,
  },
  {
    title: 'an older build that it does not tell of',
    brings: { 29: [SUBJECT] },
    version: '6.12.28',
    build: '6.12.28-1~bpo12+1',
    says: 'not-listed',
    by: /^applied later only/,
  },
] as const

for (const { title, brings, version, says, ...row } of ROWS) {
  test(`changelog claim: ${title} is ${says ?? 'not said'}`, () => {
    const said = changelogSays(kernel(version, 'build' in row ? row.build : undefined), ONE, changelogOf(line(brings), [ONE]))
    assert.equal(said?.claim ?? null, says)
    if ('by' in row) assert.match(said?.source ?? '', row.by)
  })
}

test("changelog claim: a change of Debian's own counts from its build on, not from its release on", () => {
  const parts: Brings[] = [{ build: '6.12.90-2', own: [SUBJECT] }, { build: '6.12.90-1' }]
  const changelog = changelogOf(parts, [ONE])
  assert.equal(changelogSays(kernel('6.12.90', '6.12.90-1'), ONE, changelog)?.claim, 'not-listed')
  const said = changelogSays(kernel('6.12.90', '6.12.90-2'), ONE, changelog)
  assert.deepEqual(said, { claim: 'listed', source: `Debian changelog: linux (6.12.90-2), "${SUBJECT}"` })
})

test('changelog claim: a subject that was wrapped behind a hyphen is the same', () => {
  const long = 'mm/some-subsystem-with-a-name: wait for the well-known-and-hyphenated-thing-that-is-so-long'
  const one = given([long])
  const said = changelogSays(kernel('6.12.32'), one, changelogOf(line({ 29: [long] }), [one]))
  assert.equal(said?.claim, 'listed')
})

test('changelog claim: of two fixes both must be there; a name that the case knows a backport by is enough', () => {
  const both = given(['mm: first', 'mm: second'], { subjects: ['mm: first', 'mm: both, for stable'] })
  const says = (brings: Readonly<Record<number, readonly string[]>>) =>
    changelogSays(kernel('6.12.32'), both, changelogOf(line(brings), [both]))?.claim ?? null
  assert.equal(says({ 29: ['mm: first'] }), null)
  assert.equal(says({ 29: ['mm: first'], 30: ['mm: second'] }), 'listed')
  assert.equal(says({ 29: ['mm: first'], 30: ['mm: second'], 31: ['Revert "mm: first"'] }), 'not-listed')
  assert.equal(says({ 29: ['mm: both, for stable'] }), 'listed')
})

/** Every release of 6.12 up to .32 in one build each, but for those left out. */
const whole = (leftOut: readonly number[] = []): Brings[] =>
  Array.from({ length: 32 }, (_, index) => 32 - index)
    .filter((patch) => !leftOut.includes(patch))
    .map((patch) => ({ build: `6.12.${patch}-1`, lists: { [`6.12.${patch}`]: ['net: something else'] } }))

const GAPS = [
  { title: 'nothing is left out', leftOut: [], gap: null },
  { title: 'one is', leftOut: [20], gap: { text: '6.12.20', isWide: false } },
  { title: 'two are', leftOut: [20, 21], gap: { text: '6.12.20 and 6.12.21', isWide: false } },
  { title: 'three are', leftOut: [20, 22, 24], gap: { text: '6.12.20 to 6.12.24 (3)', isWide: true } },
  { title: 'the first ones are, and the fix is of a later release than the next', leftOut: [1, 2, 3], gap: null },
  {
    title: 'the first ones are, and the fix may be that old',
    leftOut: [1, 2, 3],
    mainline: '6.13',
    gap: { text: '6.12.1 to 6.12.3 (3)', isWide: true },
  },
  {
    title: 'the first ones are, and when the fix was merged is not known',
    leftOut: [1, 2, 3],
    mainline: null,
    gap: { text: '6.12.1 to 6.12.3 (3)', isWide: true },
  },
] as const

for (const { title, leftOut, gap, ...row } of GAPS) {
  test(`changelog claim: the gap where ${title}`, () => {
    const found = gapOf(kernel('6.12.32'), changelogOf(whole(leftOut), [ONE]), 'mainline' in row ? row.mainline : '6.15')
    assert.deepEqual(found, gap)
  })
}

test('changelog claim: one release that a changelog of another line leaves out is the very one that may have the fix', () => {
  const changelog = changelogOf(whole([32]), [ONE], 'no index lists it')
  assert.deepEqual(gapOf(kernel('6.12.32'), changelog, '6.15'), { text: '6.12.32', isWide: true })
  assert.equal(claimOf(kernel('6.12.32'), ONE, { gitTree: null, changelog: changelog }).claim, 'unknown')
})

test('claims together: a line in the changelog goes before the case, and that there is none goes behind it', () => {
  const claims = (theOne: Case, parts: readonly Brings[], instead: string | null = null) =>
    claimOf(kernel('6.12.32'), theOne, { gitTree: null, changelog: changelogOf(parts, [theOne], instead) })
  const listed = whole().map((part) => (part.build === '6.12.20-1' ? { ...part, lists: { '6.12.20': [SUBJECT] } } : part))

  assert.equal(claims(ONE, listed).claim, 'listed')
  assert.equal(claims(given([SUBJECT], { mainline: null }), listed).claim, 'listed', 'a fix that only stable has')
  const silent = claims(ONE, whole())
  assert.equal(silent.claim, 'not-listed')
  assert.match(
    silent.source,
    /^the Debian changelog up to linux \(6\.12\.32-1\) has no such line; in mainline since 6\.15, not listed/,
  )
  const based = claims(given([SUBJECT], { mainline: '6.12' }), whole())
  assert.deepEqual(based, { claim: 'listed', source: 'in mainline since 6.12 (case.json)' })
  const entered = claims(given([SUBJECT], { stable: { '6.12.y': '6.12.29' } }), whole())
  assert.equal(entered.claim, 'listed')
  assert.match(entered.source, /^in 6\.12\.y since 6\.12\.29 \(case\.json\); the Debian changelog .* has no such line$/)
  const entry = claims(given([SUBJECT], { stable: { '6.12.y': '6.12.29' } }), [
    { build: '6.12.32-1', lists: { '6.12.32': [`Revert "${SUBJECT}"`] } },
    ...whole([32]),
  ])
  assert.equal(entry.claim, 'not-listed', 'a revert that the case does not know of')
})

test('claims together: a changelog that leaves much out, or is unavailable, makes silence prove nothing', () => {
  const wide = claimOf(kernel('6.12.32'), ONE, { gitTree: null, changelog: changelogOf(whole([20, 21, 22]), [ONE]) })
  assert.equal(wide.claim, 'unknown')
  assert.match(wide.source, /no such line, nor a list of 6\.12\.20 to 6\.12\.22 \(3\); in mainline/)
  const other = claimOf(kernel('6.12.32'), ONE, {
    gitTree: null,
    changelog: changelogOf(whole([30, 31, 32]), [ONE], 'no index lists it'),
  })
  assert.equal(other.claim, 'unknown')
  assert.match(other.source, /^no changelog of its own \(no index lists it\), and that of linux \(6\.12\.29-1\) has no such line/)
  const none = { gitTree: null, changelog: { unavailable: 'the network is away' } }
  const gone = claimOf(kernel('6.12.32'), ONE, none)
  assert.deepEqual(
    [gone.claim, gone.source.startsWith('no changelog: the network is away; in mainline since 6.15')],
    ['unknown', true],
  )
  assert.equal(claimOf(kernel('6.12.32'), given([SUBJECT], { mainline: '6.9' }), none).claim, 'listed', 'the base has it')
  assert.equal(claimOf(kernel('6.12.32'), given([SUBJECT], { stable: { '6.12.y': '6.12.40' } }), none).claim, 'not-listed')
  assert.equal(claimOf(kernel('6.12.32'), ONE).claim, 'not-listed', 'a kernel that comes in no package')
})
