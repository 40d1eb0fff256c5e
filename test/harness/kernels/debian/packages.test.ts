import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { kernelsOf, parsePackages, upstreamVersion } from '#harness/kernels/debian/archive/packages.ts'

const fixture = (name: string) => readFile(join(import.meta.dirname, 'fixtures', name), 'utf8')
const before = await fixture('packages-before-6.19.txt')
const since = await fixture('packages-since-6.19.txt')
const MIRROR = 'http://mirror.example.org/debian'

test('before 6.19 one package contains the kernel; unsigned packages are duplicates, other packages are skipped', () => {
  const kernels = kernelsOf([{ suite: 'bookworm', mirror: MIRROR, packages: parsePackages(before) }])
  assert.deepEqual(
    kernels.map(({ id, version, series, bootHoldsModules }) => [id, version, series, bootHoldsModules]),
    [
      ['debian-6.1.170-3-cloud-amd64', '6.1.170', '6.1.y', true],
      ['debian-6.1.170-3-rt-amd64', '6.1.170', '6.1.y', true],
      ['debian-6.12.117-1~deb12u1-cloud-amd64', '6.12.117', '6.12.y', true],
    ],
  )
  assert.deepEqual(kernels[0]?.boot, {
    sha256: /linux-image-6.1.0-47-cloud-amd64\n[^]*?SHA256: (\w+)/.exec(before)?.[1],
    bytes: 26429640,
    uris: [`${MIRROR}/pool/main/l/linux-signed-amd64/linux-image-6.1.0-47-cloud-amd64_6.1.170-3_amd64.deb`],
  })
})

test('since 6.19 the kernel, its modules and its config are separate packages, not always listed', () => {
  const kernels = kernelsOf([{ suite: 'trixie-backports', mirror: MIRROR, packages: parsePackages(since) }])
  assert.deepEqual(
    kernels.map(({ id, modules, base }) => [id, modules !== null, base !== null]),
    [
      ['debian-7.0.13-1~bpo13+1-cloud-amd64', false, false],
      ['debian-7.2.12-1~bpo13+1-cloud-amd64', true, true],
      ['debian-7.3~rc7-1~exp1-cloud-amd64', false, false],
    ],
  )
  const signed = kernels[1]?.boot.uris[0] ?? ''
  assert.ok(signed.endsWith('/linux-binary-7.2.12+deb13-cloud-amd64_7.2.12-1~bpo13+1_amd64.deb'), signed)
  assert.ok(kernels[2]?.boot.uris[0]?.includes('unsigned'), 'an unsigned one is better than none')
})

test('a build in several suites is one kernel with all URIs', () => {
  const packages = parsePackages(before)
  const [kernel] = kernelsOf([
    { suite: 'bookworm', mirror: MIRROR, packages },
    { suite: 'bookworm-security', mirror: `${MIRROR}-security`, packages },
    { suite: 'bookworm', mirror: MIRROR, packages },
  ])
  assert.deepEqual(kernel?.suites, ['bookworm', 'bookworm-security'])
  assert.deepEqual(
    kernel?.boot.uris.map((uri) => uri.slice(0, uri.indexOf('/pool'))),
    [MIRROR, `${MIRROR}-security`],
  )
})

test('a suite that gives other bytes for the same build adds no URI', () => {
  const other = parsePackages(before.replaceAll(/SHA256: ./g, 'SHA256: f'))
  const [kernel] = kernelsOf([
    { suite: 'bookworm', mirror: MIRROR, packages: parsePackages(before) },
    { suite: 'sid', mirror: 'http://other.example.org', packages: other },
  ])
  assert.equal(kernel?.boot.uris.length, 1)
})

test('entries that lack a field, or have an unsafe one, are skipped', () => {
  for (const [from, to] of [
    [/^SHA256: .*/gm, 'SHA256: 00'],
    [/^Size: .*/gm, 'Size: many'],
    [/^Filename: .*/gm, 'Filename: pool/a b'],
    [/^Version: .*/gm, 'Version: 1/../2'],
  ] as const) {
    assert.deepEqual(parsePackages(before.replaceAll(from, to)), [], to)
  }
})

test('the parser throws for no text, and each entry is complete', () => {
  const lines = before.split('\n').concat(since.split('\n'))
  const mixed = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string())).map((list) => list.join('\n'))
  fc.assert(
    fc.property(mixed, (text) => {
      for (const entry of parsePackages(text)) assert.match(entry.sha256, /^[0-9a-f]{64}$/)
      for (const { id } of kernelsOf([{ suite: 'sid', mirror: MIRROR, packages: parsePackages(text) }]))
        assert.match(id, /^[\w.+~%-]+$/)
    }),
  )
})

test('the upstream version is the text before the last dash', () => {
  assert.equal(upstreamVersion('6.12.43-1~bpo12+1'), '6.12.43')
  assert.equal(upstreamVersion('7.3~rc7-1~exp1'), '7.3~rc7')
  assert.equal(upstreamVersion('1:2.0-3-4'), '2.0-3')
  assert.equal(upstreamVersion('6.1'), '6.1')
})
