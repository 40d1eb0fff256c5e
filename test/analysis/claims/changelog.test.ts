/** Debian changelogs: an excerpt that shows all their shapes, and whatever else can be written and wrapped. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import fc from 'fast-check'
import { entryActionOf, readChangelog, subjectKey, type Entry } from '#analysis/claims/changelog.ts'
import { partsOf, versionOfBuild } from '#domain/changelog.ts'
import { changelog, type Brings } from '#test/helpers/changelogs.ts'

const EXCERPT = readFileSync(inRepository('test', 'golden', 'changelog', 'excerpt.txt'), 'utf8')

const short = ({ build, release, subject, cve }: Entry): string => [build, release ?? 'own', subject, ...cve].join(' | ')

test('changelog: the parts of a package, the signed one under the name of what it was made from', () => {
  assert.deepEqual(
    partsOf(EXCERPT).map(({ build }) => build),
    ['6.12.117-1~deb12u1', '6.12.117-1', '6.12.116-1', '6.12.90-1~bpo12+1', '6.12.3-1', '6.11.10-1', '6.12~rc6-1~exp1'],
  )
  assert.deepEqual(partsOf('no changelog at all\n'), [])
  assert.equal(versionOfBuild('1:6.12.90-1~bpo12+1'), '6.12.90')
  assert.equal(versionOfBuild('7.3~rc7-1~exp1'), '7.3~rc7')
})

test('changelog: every entry with its release, its continuations joined and its marks taken off', () => {
  const versions = readChangelog(EXCERPT, (series) => series === '6.12.y')
  assert.deepEqual(versions.flatMap(({ entries }) => entries).map(short), [
    '6.12.117-1~deb12u1 | own | Sign kernel from linux-6.12 6.12.117-1~deb12u1',
    '6.12.117-1~deb12u1 | own | Rebuild for bookworm-security:',
    '6.12.117-1~deb12u1 | own | Revert "Compile with gcc-14 on all architectures"',
    '6.12.117-1 | 6.12.116 | Revert "mm/page_owner: fix memory leak in page_owner_stack_fops->open()"',
    '6.12.117-1 | 6.12.116 | usb: typec: tcpm: Invoke power_supply_changed for tcpm-source-psy- supplies',
    '6.12.117-1 | 6.12.117 | net: skbuff: preserve the (shared) frag marker | CVE-2026-99228 | CVE-2026-99229',
    '6.12.117-1 | 6.12.117 | mm: (CVE-2026-1 is no mark) hold the lock',
    '6.12.117-1 | own | ext4: fix NULL folio dereference in mballoc',
    '6.12.116-1 | own | drivers/mmc/host: Enable MMC_ALCOR as module',
    '6.12.90-1~bpo12+1 | own | Rebuild for bookworm-backports',
    '6.12.3-1 | own | New upstream release: https://kernelnewbies.org/Linux_6.12',
    '6.12.3-1 | own | tpm: Disable TPM on tpm2_create_primary() failure',
    '6.12~rc6-1~exp1 | own | New upstream release candidate',
  ])
  assert.deepEqual(
    versions.map(({ releases }) => releases),
    [[], ['6.12.115', '6.12.116', '6.12.117'], [], [], [], []],
  )
})

test('changelog: what is written is read again, however it is wrapped', () => {
  // A lone dash where a line is wrapped reads as the beginning of an item: nothing tells the two apart.
  const word = fc.stringMatching(/^[a-zA-Z0-9_:/.'"-]{1,14}$/).filter((text) => text !== '-')
  const subject = fc.array(word, { minLength: 1, maxLength: 16 }).map((words) => `mm: ${words.join(' ')}`)
  const part = fc.record({
    patch: fc.nat(200),
    subjects: fc.array(subject, { minLength: 1, maxLength: 4 }),
    own: fc.array(subject, { maxLength: 2 }),
  })
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.boolean(), (parts, signed) => {
      const written: Brings[] = parts.map(({ patch, subjects, own }) => ({
        build: `6.12.${patch}-1`,
        lists: { [`6.12.${patch}`]: subjects },
        own,
      }))
      const read = readChangelog(changelog(written, signed))
      assert.deepEqual(
        read.map(({ build }) => build),
        written.map(({ build }) => build),
      )
      for (const [index, { lists = {}, own = [], build }] of written.entries()) {
        const entries = read[index]?.entries.filter((entry) => !entry.subject.startsWith('Sign kernel')) ?? []
        const keys = (from: readonly string[]): string[] => from.map(subjectKey)
        assert.deepEqual(
          keys(entries.filter(({ release }) => release !== null).map((entry) => entry.subject)),
          keys(Object.values(lists).flat()),
        )
        assert.deepEqual(keys(entries.filter(({ release }) => release === null).map((entry) => entry.subject)), keys(own))
        assert.ok(entries.every((entry) => entry.build === build))
      }
    }),
  )
})

test('changelog: any text at all is read, and no entry is made of nothing', () => {
  const piece = fc.constantFrom(
    ...EXCERPT.split('\n').map((line) => `${line}\n`),
    '  * ',
    '    - ',
    '(',
    ')',
    '\0',
    '\u2028',
    '[amd64] ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
      for (const { entries } of readChangelog(pieces.join(''))) {
        for (const entry of entries) assert.ok(entry.build !== '' && !entry.subject.includes('\n'))
      }
    }),
  )
})

test('changelog: a revert takes out, the revert of a revert and a reapply put in', () => {
  const actions = [
    ['mm: fix it', 'mm: fix it', 'applies'],
    ['Revert "mm: fix it"', 'mm: fix it', 'reverts'],
    ['Revert "Revert "mm: fix it""', 'mm: fix it', 'applies'],
    ['Reapply "mm: fix it"', 'mm: fix it', 'applies'],
    ['Revert "Reapply "mm: fix it""', 'mm: fix it', 'reverts'],
    ['wifi: ath9k: Revert "wifi: ath9k: fix it"', 'wifi: ath9k: fix it', 'reverts'],
    ['mm: revert the change of "it"', 'mm: revert the change of "it"', 'applies'],
    ['Revert "mm: fix the "quoted" thing"', 'mm: fix the "quoted" thing', 'reverts'],
  ] as const
  for (const [text, subject, does] of actions) assert.deepEqual(entryActionOf(text), { subject, does })
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => !/^"|re(vert|apply) "/i.test(text)),
      fc.nat(6),
      (inner, times) => {
        const text = Array.from({ length: times }).reduce((nested: string) => `Revert "${nested}"`, inner)
        assert.deepEqual(entryActionOf(text), { subject: inner, does: times % 2 === 0 ? 'applies' : 'reverts' })
      },
    ),
  )
})
