/** What stands beside a boundary: the entries between its kernels that share a name with the fix, nearest first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEntriesBetween } from '#analysis/matrix/boundary-changelog.ts'
import { kernel } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { changelogOf, type Brings } from '#test/helpers/changelogs.ts'

const SUBJECT = 'userfaultfd: change mmap_changing to atomic'
const CASE = sampleCase('uffd-one', {
  subsystem: 'mm/userfaultfd',
  fixes: [{ commit: 'a759a909d42d', subject: SUBJECT, fixes: [], cve: ['CVE-2026-1234'] }],
})
const PARTS: readonly Brings[] = [
  { build: '6.12.33-1', lists: { '6.12.33': ['userfaultfd: too late'] } },
  {
    build: '6.12.32-1',
    lists: {
      '6.12.31': ['net: something else', 'userfaultfd: hold a lock', 'mm: clear mmap_changing of a userfaultfd early'],
      '6.12.32': ['mm/uffd: name a thing', SUBJECT, 'mm: of the same hole (CVE-2026-1234)', 'mm: a page of memory'],
    },
    own: ['selftests: userfaultfd of Debian'],
  },
  { build: '6.12.30-1', lists: { '6.12.30': ['userfaultfd: too early'] } },
]
const flip = (before: string, after: string) =>
  ({
    case: CASE.id,
    series: '6.12.y',
    before: kernel(before).id,
    after: kernel(after).id,
    from: 'lacks',
    to: 'carries',
  }) as const
const KERNELS = ['6.12.29', '6.12.30', '6.12.32', '6.12.33', '6.12.40'].map((version) => kernel(version))

test('boundary entries: the fix first, then its CVE, then what shares most names; nothing from outside the two', () => {
  const found = createEntriesBetween(KERNELS, [CASE])(flip('6.12.30', '6.12.32'), changelogOf(PARTS, [CASE]))
  assert.deepEqual(
    found?.listed.map(({ subject, about }) => [about, subject]),
    [
      ['fix', SUBJECT],
      ['cve', 'mm: of the same hole'],
      ['names', 'mm: clear mmap_changing of a userfaultfd early'],
      ['names', 'userfaultfd: hold a lock'],
      ['names', 'selftests: userfaultfd of Debian'],
      ['names', 'mm/uffd: name a thing'],
    ],
  )
  assert.deepEqual([found?.source, found?.more], ['linux (6.12.33-1)', 0])
})

test('boundary entries: no more than a dozen, and the rest counted', () => {
  const many = Array.from({ length: 20 }, (_, index) => `userfaultfd: change ${index}`)
  const parts = [{ build: '6.12.32-1', lists: { '6.12.32': [...many, SUBJECT] } }, { build: '6.12.30-1' }]
  const found = createEntriesBetween(KERNELS, [CASE])(flip('6.12.30', '6.12.32'), changelogOf(parts, [CASE]))
  assert.equal(found?.listed[0]?.subject, SUBJECT)
  assert.deepEqual(
    found?.listed.slice(1).map(({ subject }) => subject),
    many.slice(0, 11),
    'in the order of the commits',
  )
  assert.equal(found?.more, 9)
})

test('boundary entries: a kernel before that is of another suite is told by its release', () => {
  const found = createEntriesBetween(KERNELS, [CASE])(flip('6.12.29', '6.12.32'), changelogOf(PARTS, [CASE]))
  assert.ok(found?.listed.some(({ subject }) => subject === 'userfaultfd: too early'))
  assert.ok(!found?.listed.some(({ subject }) => subject === 'userfaultfd: too late'))
})

test('boundary entries: none where no changelog tells of the kernel after, and an empty list where nothing is alike', () => {
  assert.equal(createEntriesBetween(KERNELS, [CASE])(flip('6.12.30', '6.12.40'), changelogOf(PARTS, [CASE])), null)
  assert.equal(createEntriesBetween(KERNELS, [CASE])(flip('6.12.30', '6.12.32'), null), null)
  assert.equal(createEntriesBetween(KERNELS, [CASE])(flip('6.12.30', '6.12.32'), { unavailable: 'not-on-mirror' }), null)
  const other = sampleCase('gup-one', { subsystem: 'mm/gup' })
  const between = { ...flip('6.12.30', '6.12.32'), case: 'gup-one' }
  const found = createEntriesBetween(KERNELS, [other])(between, changelogOf(PARTS, [other]))
  assert.deepEqual(found, { source: 'linux (6.12.33-1)', listed: [], more: 0 })
})
