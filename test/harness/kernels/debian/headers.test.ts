import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { chooseHeaders, relocatableMakefile } from '#harness/kernels/debian/headers.ts'
import { headersOf, parsePackages, upstreamVersion, type PackageList } from '#harness/kernels/debian/archive/packages.ts'

const MIRROR = 'http://mirror.example.org/debian'

/** A package list from names and versions. */
function listOf(suite: string, ...packages: readonly (readonly [name: string, version: string])[]): PackageList {
  const paragraphs = packages.map(([name, version], index) => {
    const file = `pool/${suite}/${name}_${version}_all.deb`
    const sha256 = `${index}`.padStart(64, suite === 'other-bytes' ? 'b' : 'a')
    return `Package: ${name}\nVersion: ${version}\nFilename: ${file}\nSize: 100\nSHA256: ${sha256}\n`
  })
  return { suite, mirror: `${MIRROR}-${suite}`, packages: parsePackages(paragraphs.join('\n')) }
}

function kernelOf(release: string, build: string, flavour = 'cloud-amd64') {
  return { release, build, flavour, version: upstreamVersion(build) }
}

/** The packages chosen for a kernel from these lists, as name and version. */
function chosen(kernel: ReturnType<typeof kernelOf>, ...lists: readonly PackageList[]) {
  const packages = chooseHeaders(kernel, headersOf(lists))
  return 'unavailable' in packages ? packages.unavailable : packages.map(({ name, version }) => `${name} ${version}`)
}

test('the kbuild programs are of the same build or the next newer one, the headers always of the same', () => {
  const main = listOf(
    'bookworm',
    ['linux-headers-6.1.0-47-cloud-amd64', '6.1.170-3'],
    ['linux-headers-6.1.0-47-common', '6.1.170-3'],
    ['linux-headers-6.1.0-50-cloud-amd64', '6.1.176-1'],
    ['linux-headers-6.1.0-50-common', '6.1.176-1'],
    ['linux-kbuild-6.1', '6.1.176-1'],
  )
  const security = listOf('bookworm-security', ['linux-kbuild-6.1', '6.1.192-2'])
  const old = listOf('bullseye', ['linux-kbuild-5.10', '5.10.223-1'], ['linux-kbuild-6.1', '6.1.160-1'])
  assert.deepEqual(chosen(kernelOf('6.1.0-47-cloud-amd64', '6.1.170-3'), security, old, main), [
    'linux-headers-6.1.0-47-cloud-amd64 6.1.170-3',
    'linux-headers-6.1.0-47-common 6.1.170-3',
    'linux-kbuild-6.1 6.1.176-1',
  ])
  assert.deepEqual(chosen(kernelOf('6.1.0-50-cloud-amd64', '6.1.176-1'), security, main)[2], 'linux-kbuild-6.1 6.1.176-1')
})

test('since 6.12 the kbuild package is named after the build; a realtime kernel may have its own common headers', () => {
  const list = listOf(
    'trixie',
    ['linux-headers-6.12.117+deb13-cloud-amd64', '6.12.117-1'],
    ['linux-headers-6.12.117+deb13-rt-amd64', '6.12.117-1'],
    ['linux-headers-6.12.117+deb13-common', '6.12.117-1'],
    ['linux-headers-6.12.117+deb13-common-rt', '6.12.117-1'],
    ['linux-headers-7.3-rt-amd64', '7.3~rc7-1~exp1'],
    ['linux-headers-7.3-common', '7.3~rc7-1~exp1'],
    ['linux-kbuild-6.12.117+deb13', '6.12.117-1'],
    ['linux-kbuild-7.3', '7.3~rc7-1~exp1'],
  )
  const common = (release: string, build: string, flavour: string) => chosen(kernelOf(release, build, flavour), list).slice(1)
  assert.deepEqual(common('6.12.117+deb13-cloud-amd64', '6.12.117-1', 'cloud-amd64'), [
    'linux-headers-6.12.117+deb13-common 6.12.117-1',
    'linux-kbuild-6.12.117+deb13 6.12.117-1',
  ])
  const [realtime] = common('6.12.117+deb13-rt-amd64', '6.12.117-1', 'rt-amd64')
  assert.equal(realtime, 'linux-headers-6.12.117+deb13-common-rt 6.12.117-1')
  assert.deepEqual(common('7.3-rt-amd64', '7.3~rc7-1~exp1', 'rt-amd64'), [
    'linux-headers-7.3-common 7.3~rc7-1~exp1',
    'linux-kbuild-7.3 7.3~rc7-1~exp1',
  ])
})

test('a missing package is named; one of another build or too old counts as missing', () => {
  const kernel = kernelOf('5.10.0-30-cloud-amd64', '5.10.218-1')
  const own = ['linux-headers-5.10.0-30-cloud-amd64', '5.10.218-1'] as const
  const common = ['linux-headers-5.10.0-30-common', '5.10.218-1'] as const
  const kbuild = ['linux-kbuild-5.10', '5.10.200-1'] as const
  assert.equal(chosen(kernel), 'Debian does not list linux-headers-5.10.0-30-cloud-amd64 5.10.218-1')
  const other = listOf('a', own, ['linux-headers-5.10.0-30-common', '5.10.218-2'])
  assert.equal(chosen(kernel, other), 'Debian does not list linux-headers-5.10.0-30-common 5.10.218-1')
  assert.equal(chosen(kernel, listOf('a', own, common, kbuild)), 'Debian does not list linux-kbuild-5.10')
})

test('a package in several suites has all their URIs, without those that give other bytes', () => {
  const item = ['linux-kbuild-6.1', '6.1.176-1'] as const
  const [kbuild, ...more] = headersOf([listOf('a', item), listOf('b', item), listOf('a', item), listOf('other-bytes', item)])
  assert.deepEqual(more, [])
  assert.deepEqual(
    kbuild?.file.uris.map((uri) => uri.slice(0, uri.indexOf('/pool'))),
    [`${MIRROR}-a`, `${MIRROR}-b`],
  )
})

test('header packages are parsed from a real list, without metapackages', async () => {
  const text = await readFile(join(import.meta.dirname, 'fixtures', 'packages-before-6.19.txt'), 'utf8')
  const packages = parsePackages(`${text}\n\nPackage: linux-headers-cloud-amd64\nVersion: 6.1.192-2\n`)
  assert.deepEqual(
    headersOf([{ suite: 'bookworm', mirror: MIRROR, packages }]).map(({ name, version }) => [name, version]),
    [['linux-headers-6.1.0-47-cloud-amd64', '6.1.170-3']],
  )
})

test('the Makefile of the headers works below any root', () => {
  const text = 'KBUILD_OUTPUT=/usr/src/linux-headers-7.3-cloud-amd64\ninclude /usr/src/linux-headers-7.3-common/Makefile\n'
  assert.equal(
    relocatableMakefile(text),
    'KBUILD_OUTPUT=../../../usr/src/linux-headers-7.3-cloud-amd64\ninclude ../../../usr/src/linux-headers-7.3-common/Makefile\n',
  )
})
