import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchDebianQuery, nearestHint, parseDebianQuery, pickOrder } from '#harness/kernels/debian/query.ts'
import { upstreamVersion } from '#harness/kernels/debian/archive/packages.ts'
import { UserError } from '#domain/errors.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'
import { anyCharacter } from '#test/helpers/guest-text.ts'

function kernel(build: string, flavour = 'cloud-amd64', origin = 'sid'): ListedKernel {
  const version = upstreamVersion(build)
  const id = `debian-${build}-${flavour}`
  return {
    id,
    provider: 'debian',
    version,
    series: seriesOf(version),
    build,
    flavour,
    arch: 'x86_64',
    state: 'available',
    bytes: 1,
    origin,
  }
}

const KERNELS = [
  kernel('5.10.218-1'),
  kernel('5.10.262-1', 'cloud-amd64', 'bullseye-security'),
  kernel('6.1.170-3', 'cloud-amd64', 'bookworm'),
  kernel('6.1.170-3', 'amd64', 'bookworm'),
  kernel('6.1.192-2', 'cloud-amd64', 'bookworm bookworm-security'),
  kernel('6.12.85-1~bpo12+1'),
  kernel('6.12.115-1'),
  kernel('6.12.115-2~deb12u1'),
  kernel('6.12.115-2'),
  kernel('7.3~rc7-1~exp1', 'cloud-amd64', 'experimental'),
  kernel('7.3.4-1~bpo13+1'),
]

const builds = (part: string) =>
  matchDebianQuery(parseDebianQuery(part), KERNELS).map(({ build, flavour }) =>
    flavour === 'cloud-amd64' ? build : `${build} ${flavour}`,
  )
const firsts = (part: string) => pickOrder(parseDebianQuery(part), KERNELS).map(([first]) => first?.build)

test('globs match versions, package versions and series', () => {
  assert.deepEqual(builds('6.1.*'), ['6.1.170-3', '6.1.192-2'])
  assert.deepEqual(builds('6.1.170'), ['6.1.170-3'])
  assert.deepEqual(builds('6.1.170-3'), ['6.1.170-3'])
  assert.deepEqual(builds('6.1.170-1'), [])
  assert.deepEqual(builds('6.1.1?0'), ['6.1.170-3'])
  assert.deepEqual(builds('6.12.115-2*'), ['6.12.115-2~deb12u1', '6.12.115-2'])
  assert.deepEqual(builds('7.3.y'), ['7.3~rc7-1~exp1', '7.3.4-1~bpo13+1'])
  assert.deepEqual(builds('7.3~rc*'), ['7.3~rc7-1~exp1'])
  assert.deepEqual(builds('6.1'), [], 'a dot is a dot, and no glob reaches over it')
})

test('bounds compare versions by number', () => {
  assert.deepEqual(builds('>=6.12.85'), [
    '6.12.85-1~bpo12+1',
    '6.12.115-1',
    '6.12.115-2~deb12u1',
    '6.12.115-2',
    '7.3~rc7-1~exp1',
    '7.3.4-1~bpo13+1',
  ])
  assert.deepEqual(builds('>=6.1,<6.2'), ['6.1.170-3', '6.1.192-2'])
  assert.deepEqual(builds('>6.1.170,<=6.12.85'), ['6.1.192-2', '6.12.85-1~bpo12+1'])
  assert.deepEqual(builds('=5.10.218'), ['5.10.218-1'])
  assert.deepEqual(builds('>=7.3'), ['7.3.4-1~bpo13+1'], 'a release candidate comes before its release')
})

test('flavour and suite restrict the match; the default flavour is cloud-amd64', () => {
  assert.deepEqual(builds('*/amd64'), ['6.1.170-3 amd64'])
  assert.deepEqual(builds('6.1.*/*amd64'), ['6.1.170-3', '6.1.170-3 amd64', '6.1.192-2'])
  assert.deepEqual(builds('*@bookworm-security'), ['6.1.192-2'])
  assert.deepEqual(builds('*/amd64@bookworm*'), ['6.1.170-3 amd64'])
})

test('a pick is one kernel of each series, ordered by version and then by build', () => {
  const newest = ['5.10.262-1', '6.1.192-2', '6.12.115-2', '7.3.4-1~bpo13+1']
  assert.deepEqual(firsts('latest-of-each-series').toSorted(), newest)
  assert.deepEqual(firsts('*:newest').toSorted(), newest)
  assert.deepEqual(firsts('oldest-of-each-series').toSorted(), ['5.10.218-1', '6.1.170-3', '6.12.85-1~bpo12+1', '7.3~rc7-1~exp1'])
  assert.deepEqual(firsts('6.12.115:oldest'), ['6.12.115-1'])
})

test('a malformed part is a UserError that shows how to write one', () => {
  for (const part of [
    '>=',
    '>=x',
    '6.1.*,>=5',
    '6.1:best',
    '6.1/',
    '6.1@',
    '6.1/a/b',
    '(6.1)',
    '>=6.1,',
    ':newest',
    '6.1@sid/amd64',
  ]) {
    assert.throws(() => parseDebianQuery(part), { name: 'UserError', message: /^debian:/, hint: /debian:6\.1\.\*/ }, part)
  }
})

test('a hint names the kernels nearest to the wanted one', () => {
  assert.equal(
    nearestHint('6.1.180', 'cloud-amd64', KERNELS),
    'nearest: debian-5.10.262-1-cloud-amd64, debian-6.1.170-3-cloud-amd64, debian-6.1.192-2-cloud-amd64',
  )
  assert.equal(nearestHint('9', 'amd64', KERNELS), 'nearest: debian-6.1.170-3-amd64')
  assert.equal(nearestHint('9', 'rt-amd64', KERNELS), 'see kwitness kernels list')
})

test('any text parses or throws UserError, and a parsed query can be applied', () => {
  const words = fc.array(
    fc.constantFrom(
      '6.1',
      '.*',
      '*',
      '?',
      '>=',
      '<',
      ',',
      ':',
      'newest',
      'oldest',
      '/',
      'amd64',
      '@',
      'sid',
      '-1',
      '~rc7',
      '[',
      '(',
      '\\',
    ),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: anyCharacter }),
        words.map((list) => list.join('')),
      ),
      (part) => {
        try {
          const query = parseDebianQuery(part)
          const matching = matchDebianQuery(query, KERNELS)
          assert.equal(pickOrder(query, KERNELS).flat().length, matching.length)
        } catch (error) {
          if (!(error instanceof UserError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('every build is matched by its own version, package version and series, and by a glob cut anywhere', () => {
  fc.assert(
    fc.property(fc.constantFrom(...KERNELS), fc.nat(), ({ build, version, series, flavour }, at) => {
      const cut = `${build.slice(0, at % (build.length + 1))}*`
      for (const text of [build, version, series, cut]) {
        const found = matchDebianQuery(parseDebianQuery(`${text}/${flavour}`), KERNELS)
        assert.ok(
          found.some((one) => one.build === build && one.flavour === flavour),
          text,
        )
      }
    }),
  )
})
