/** case.json held against changelogs and git trees: what contradicts a release that it names, and what does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changelogContradicts, contradictionsIn, contradictionsOfRun } from '#analysis/claims/case-contradictions.ts'
import type { Case } from '#domain/case.ts'
import type { GitTreeSource } from '#domain/claim-sources.ts'
import { kernel } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { changelogOf, type Brings } from '#test/helpers/changelogs.ts'

const ONE = 'mm/ksm: keep soft-dirty when merging a page'
const TWO = 'mm/ksm: keep the second bit'
const ALIAS = 'ksm: backport of both'

const given = (claim: Partial<Case['claim']>, subjects: readonly string[] = [ONE]): Case =>
  sampleCase('one', {
    fixes: subjects.map((subject) => ({ commit: '95567729173e', subject, fixes: [], cve: [] })),
    claim: { mainline: '6.15', stable: {}, subjects: [], unlisted: [], source: 'case.json', ...claim },
  })

/** Builds of 6.12.28 to 6.12.32, each with the list of its release and what is given for its patch level. */
const series = (
  brings: Readonly<Record<number, readonly string[]>>,
  own: Readonly<Record<number, readonly string[]>> = {},
): Brings[] =>
  [32, 31, 30, 29, 28].map((patch) => ({
    build: `6.12.${patch}-1`,
    lists: { [`6.12.${patch}`]: brings[patch] ?? ['net: something else'] },
    own: own[patch] ?? [],
  }))

const at = (release: string | undefined, claim: Partial<Case['claim']> = {}) =>
  given({ stable: release === undefined ? {} : { '6.12.y': release }, ...claim })
const revert = (subject: string) => `Revert "${subject}"`

/** A case, what the changelog of 6.12.y brings, and what comes of it: null, or the kind and the release listed. */
const ROWS: readonly (readonly [string, Case, Brings[], readonly [string, string | null] | null])[] = [
  ['the release that lists it', at('6.12.29'), series({ 29: [ONE] }), null],
  ['listed later', at('6.12.29'), series({ 31: [ONE] }), ['other-release', '6.12.31']],
  ['listed earlier', at('6.12.31'), series({ 29: [ONE] }), ['other-release', '6.12.29']],
  ['listed, and the changelog does not reach the release', at('6.12.40'), series({ 29: [ONE] }), ['other-release', '6.12.29']],
  ['not in the list of its release', at('6.12.29'), series({}), ['not-in-list', null]],
  ['not in the list of its release, by a plan older than that field', at('6.12.29', { unlisted: undefined }), series({}), null],
  ['listed later, by such a plan', at('6.12.29', { unlisted: undefined }), series({ 31: [ONE] }), ['other-release', '6.12.31']],
  ['not in the list of its release, as the case says', at('6.12.29', { unlisted: ['6.12.y'] }), series({}), null],
  [
    'said not to be in the list, and in it',
    at('6.12.29', { unlisted: ['6.12.y'] }),
    series({ 29: [ONE] }),
    ['listed-after-all', '6.12.29'],
  ],
  [
    'said not to be in the list, and in another',
    at('6.12.29', { unlisted: ['6.12.y'] }),
    series({ 30: [ONE] }),
    ['other-release', '6.12.30'],
  ],
  ['a release beyond the changelog, and not listed', at('6.12.40'), series({}), null],
  ['a release before the changelog begins', at('6.12.9'), series({}), null],
  ['taken out', at('6.12.29'), series({ 29: [ONE], 31: [revert(ONE)] }), ['taken-out', '6.12.31']],
  ['taken out by Debian', at('6.12.29'), series({ 29: [ONE] }, { 31: [revert(ONE)] }), ['taken-out', null]],
  ['taken out and put in again, by the first', at('6.12.29'), series({ 29: [ONE], 30: [revert(ONE)], 31: [ONE] }), null],
  ['taken out and put in again, by the last', at('6.12.31'), series({ 29: [ONE], 30: [revert(ONE)], 31: [ONE] }), null],
  [
    'taken out and put in again, by neither',
    at('6.12.30'),
    series({ 29: [ONE], 30: [revert(ONE)], 31: [ONE] }),
    ['other-release', '6.12.31'],
  ],
  ['Debian had it before the release', at('6.12.29'), series({}, { 28: [ONE] }), null],
  ['a series without a release', at(undefined), series({ 29: [ONE] }), ['series-missing', '6.12.29']],
  [
    'a series without a release, of a fix never merged',
    at(undefined, { mainline: null }),
    series({ 29: [ONE] }),
    ['series-missing', '6.12.29'],
  ],
  ['a series without a release, and not listed', at(undefined), series({}), null],
  ['a series without a release, put in and taken out', at(undefined), series({ 29: [ONE], 30: [revert(ONE)] }), null],
  ['a series that begins with it', at(undefined, { mainline: '6.12' }), series({ 29: [ONE] }), ['not-in-base', '6.12.29']],
  [
    'a series that begins with it, and takes it out',
    at(undefined, { mainline: '6.9' }),
    series({ 30: [revert(ONE)] }),
    ['taken-out', '6.12.30'],
  ],
  ['a series that begins with it, and is silent', at(undefined, { mainline: '6.9' }), series({}), null],
  ['an alias in the release', at('6.12.30', { subjects: [ALIAS] }), series({ 30: [ALIAS] }), null],
  ['an alias in another', at('6.12.29', { subjects: [ALIAS] }), series({ 30: [ALIAS] }), ['other-release', '6.12.30']],
  [
    'two commits, the later counts',
    given({ stable: { '6.12.y': '6.12.31' } }, [ONE, TWO]),
    series({ 29: [ONE], 31: [TWO] }),
    null,
  ],
  [
    'two commits, and the earlier is named',
    given({ stable: { '6.12.y': '6.12.29' } }, [ONE, TWO]),
    series({ 29: [ONE], 31: [TWO] }),
    ['other-release', '6.12.31'],
  ],
  ['two commits, one not listed', given({ stable: { '6.12.y': '6.12.29' } }, [ONE, TWO]), series({ 29: [ONE] }), null],
  [
    'two commits, one listed later and one not',
    given({ stable: { '6.12.y': '6.12.29' } }, [ONE, TWO]),
    series({ 31: [ONE] }),
    ['other-release', '6.12.31'],
  ],
]

test('a changelog contradicts a release by what it lists, and by a list without the fix', () => {
  for (const [title, claimed, parts, expected] of ROWS) {
    const found = changelogContradicts(claimed, '6.12.y', changelogOf(parts, [claimed]))
    assert.deepEqual(found && [found.kind, found.listed], expected, title)
    if (found) assert.match(found.summary, /^case\.json (says that|names no release of) .*6\.12\.y/, title)
    if (found) assert.match(found.source, /^Debian changelog: linux \(6\.12\.\d+-1\)/, title)
  }
})

test('what another series got says nothing, and each series is told once, in order', () => {
  const claimed = given({ stable: { '6.12.y': '6.12.29', '6.1.y': '6.1.170' } })
  const other = [{ build: '6.1.180-1', lists: { '6.1.180': [ONE] } }]
  const changelogs = [series({ 30: [ONE] }), other, series({ 30: [ONE] })].map((parts) => changelogOf(parts, [claimed]))
  const found = contradictionsIn(claimed, changelogs).map((one) => [one.series, one.kind, one.release, one.listed])
  assert.deepEqual(found, [
    ['6.1.y', 'other-release', '6.1.170', '6.1.180'],
    ['6.12.y', 'other-release', '6.12.29', '6.12.30'],
  ])
})

const KERNELS = [kernel('6.12.28'), kernel('6.12.32')]
const gitTree = (revision: string, has: boolean): GitTreeSource => ({
  revision,
  commits: has ? [{ hash: 'aaaaaaaaaaaaaaaa', subject: ONE, lines: ['commit 95567729173e upstream.'] }] : [],
})

/** By kernel, what the sources are: the changelog of all, and whether a git tree has the fix there. */
function ofRun(claimed: Case, parts: Brings[] | null, has: readonly (boolean | null)[]) {
  const changelog = parts && changelogOf(parts, [claimed])
  const sources = new Map(
    KERNELS.map(({ id, version }, index) => {
      const own = has[index] ?? null
      return [id, { changelog, gitTree: own === null ? null : gitTree(`v${version}`, own) }] as const
    }),
  )
  return contradictionsOfRun(KERNELS, [claimed], (id) => sources.get(id)).map((one) => [one.kind, one.summary])
}

test('a run: the changelog of its kernels, and a git tree at each of them', () => {
  assert.deepEqual(ofRun(at('6.12.29'), series({ 29: [ONE] }), [false, true]), [])
  assert.deepEqual(ofRun(at('6.12.29'), null, [null, null]), [])
  assert.deepEqual(
    ofRun(at('6.12.30'), series({ 29: [ONE] }), [false, true]).map(([kind]) => kind),
    ['other-release'],
  )
  const has = 'case.json says that 6.12.y has it since 6.12.30, and the git tree has it at v6.12.28'
  assert.deepEqual(ofRun(at('6.12.30'), null, [true, true]), [['git-tree', has]])
  const lacks = 'case.json says that 6.12.y has it since 6.12.29, and the git tree does not have it at v6.12.32'
  assert.deepEqual(ofRun(at('6.12.29'), null, [false, false]), [['git-tree', lacks]])
  assert.deepEqual(ofRun(at(undefined), null, [false, true]), [
    ['git-tree', 'case.json says that 6.12.y does not have it, and the git tree has it at v6.12.32'],
  ])
  assert.deepEqual(ofRun(at(undefined, { mainline: '6.9' }), null, [true, false]), [
    ['git-tree', 'case.json says that 6.12.y has it from its start, and the git tree does not have it at v6.12.32'],
  ])
})
