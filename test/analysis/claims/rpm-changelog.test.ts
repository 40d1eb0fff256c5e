/** Changelogs of rpm packages, as Red Hat and SUSE write them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import { kernelOfHost } from '#run/check/kernel.ts'
import { readChangelog } from '#analysis/claims/changelog.ts'
import { changelogSays, parseChangelogMentions } from '#analysis/claims/from-changelog.ts'
import { changelogOfRpm } from '#analysis/claims/rpm-changelog.ts'

const entriesOf = (text: string, build: string) =>
  readChangelog(changelogOfRpm(text, build)).flatMap(({ entries }) => entries.map(({ subject, cve }) => [subject, ...cve]))

test('Red Hat: author, tickets and advisories are no part of the subject; the oldest comes first', () => {
  const text = [
    '* Wed Nov 08 2023 Jan Stancek <j@example.org> [5.14.0-362.13.1.el9_3]',
    '- Revert "mm: first" (A Person) [RHEL-3]',
    '- userfaultfd: call foo() under the lock (Peter Xu) [2160210 RHEL-1] {CVE-2023-12345}',
    '- redhat: bump',
    '',
    '* Tue Oct  3 2023 Jan Stancek <j@example.org> [5.14.0-362.12.1.el9_3]',
    '- mm: first (A Person) [RHEL-2] {CVE-2023-1,CVE-2023-2}',
    '- mm: a subject that ends in a call()',
    '',
  ].join('\n')
  assert.deepEqual(entriesOf(text, '5.14.0-362.13.1.el9_3.x86_64'), [
    ['mm: first', 'CVE-2023-1', 'CVE-2023-2'],
    ['mm: a subject that ends in a call()'],
    ['Revert "mm: first"'],
    ['userfaultfd: call foo() under the lock', 'CVE-2023-12345'],
    ['redhat: bump'],
  ])
  const [version] = readChangelog(changelogOfRpm(text, '5.14.0-362.13.1.el9_3.x86_64'))
  assert.deepEqual([version?.build, version?.series], ['5.14.0-362.13.1.el9_3.x86_64', '5.14.y'])
})

test('SUSE: tickets stand in parentheses before a full stop, and a line goes on below', () => {
  const text = [
    '* Tue Jan 02 2024 someone@example.org',
    '- mm/memory: fix',
    '  the rest (bsc#1218184 CVE-2023-6).',
    '- commit 0123456',
    '- Update config files.',
    '',
  ].join('\n')
  assert.deepEqual(entriesOf(text, '6.4.0-150600.9-default'), [
    ['mm/memory: fix the rest', 'CVE-2023-6'],
    ['commit 0123456'],
    ['Update config files.'],
  ])
})

test('what the package of a machine lists is in its kernel, whatever uname calls that', () => {
  const fix = (subject: string) => {
    const own = { hash: 'a'.repeat(40), subject, cve: [] }
    return { fixes: [own], claim: { mainline: null, stable: {}, subjects: [], source: '' } } as unknown as Case
  }
  const text = '* Tue Jan 02 2024 a@example.org\n- mm: fix (bsc#1).\n- Revert "mm: other" (bsc#2).\n'
  const build = '6.4.0-150600.21.1'
  const parsed = parseChangelogMentions(readChangelog(changelogOfRpm(text, build)), [fix('mm: fix'), fix('mm: other')])
  const kernel = kernelOfHost('db1', { release: '6.4.0-150600.21-default', machine: 'x86_64' })
  assert.ok(kernel)
  const changelog = { ...parsed, build, origin: 'the changelog of kernel-default 6.4.0-150600.21.1 on db1' }
  assert.deepEqual(changelogSays(kernel, fix('mm: fix'), changelog), {
    claim: 'listed',
    source: `the changelog of kernel-default ${build} on db1: linux (${build}), "mm: fix"`,
  })
  assert.equal(changelogSays(kernel, fix('mm: other'), changelog)?.claim, 'not-listed')
  assert.equal(changelogSays(kernel, fix('mm: neither'), changelog), null)
  // Without its build, and of no machine, nothing without a stable release is known to be in it.
  assert.match(changelogSays(kernel, fix('mm: fix'), parsed)?.source ?? '', /^applied later only/)
})

test('a text that is no changelog has no entries, and lines of a changelog cannot make versions', () => {
  assert.deepEqual(entriesOf('(none)\n', '6.4.0-1'), [])
  const text = '* Tue Jan 02 2024 a@example.org\n- one\nlinux (6.4.0-2) x; urgency=low\n- linux (6.4.0-3) x; urgency=low\n'
  assert.deepEqual(
    readChangelog(changelogOfRpm(text, '6.4.0-1')).map(({ build }) => build),
    ['6.4.0-1'],
  )
})
