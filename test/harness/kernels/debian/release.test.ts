import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRelease } from '#harness/kernels/debian/archive/release.ts'

const HASH = 'ab'.repeat(32)

/** A Release file with these lines in the place of its own. */
function release(change: Readonly<Record<string, string | null>> = {}): string {
  const fields: Record<string, string | null> = {
    Origin: 'Debian',
    Suite: 'oldstable',
    Codename: 'bookworm',
    Date: 'Sat, 11 Jul 2026 09:12:31 UTC',
    'Valid-Until': 'Sat, 18 Jul 2026 09:12:31 UTC',
    'Acquire-By-Hash': 'yes',
    MD5Sum: `\n ${'c'.repeat(32)} 12 main/binary-amd64/Packages.xz`,
    SHA256: `\n ${HASH}  1234 main/binary-amd64/Packages.xz\n ${HASH} 99 main/binary-arm64/Packages`,
    ...change,
  }
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`.replace(': \n', ':\n')]))
    .join('\n')
}

test('a Release file says its dates and the hashes of its lists, not those by MD5', () => {
  for (const suite of ['bookworm', 'oldstable']) {
    assert.deepEqual(parseRelease(release(), suite), {
      date: Date.UTC(2026, 6, 11, 9, 12, 31),
      validUntil: Date.UTC(2026, 6, 18, 9, 12, 31),
      byHash: true,
      files: new Map([
        ['main/binary-amd64/Packages.xz', { sha256: HASH, bytes: 1234 }],
        ['main/binary-arm64/Packages', { sha256: HASH, bytes: 99 }],
      ]),
    })
  }
  const plain = parseRelease(release({ 'Valid-Until': null, 'Acquire-By-Hash': 'no' }), 'bookworm')
  assert.ok(typeof plain === 'object')
  assert.deepEqual([plain.validUntil, plain.byHash], [null, false])
})

test('one of another suite, without a date or without a hash is refused, with the reason', () => {
  assert.equal(parseRelease(release(), 'trixie'), 'it is of bookworm, not of trixie')
  assert.equal(parseRelease('', 'trixie'), 'it is of no suite, not of trixie')
  for (const field of ['Date', 'Valid-Until']) {
    assert.equal(parseRelease(release({ [field]: 'some day' }), 'bookworm'), 'it has no date that can be read')
  }
  assert.equal(parseRelease(release({ Date: null }), 'bookworm'), 'it has no date that can be read')
  for (const SHA256 of [null, '', `\n ${HASH.slice(1)} 1 main/binary-amd64/Packages`]) {
    assert.equal(parseRelease(release({ SHA256 }), 'bookworm'), 'it lists no SHA256 hash')
  }
})
