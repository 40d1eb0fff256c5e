import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import {
  formatSetting,
  mergeFragments,
  droppedSettings,
  parseFragment,
  readFragment,
} from '#harness/kernels/tree/source/config.ts'
import { parsePrintedUri } from '#harness/kernels/debian/archive/apt.ts'
import { isErrorLine } from '#harness/kernels/tree/build/make.ts'
import { parseTreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { findSource, versionOf } from '#harness/kernels/tree/source/source.ts'
import { runCommand } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { UserError } from '#domain/errors.ts'

test('a source is a Debian series, a package version, a path, or a path at a revision', () => {
  const place = (part: string) => parseTreeSelector(part).place
  assert.deepEqual(place('debian-5.10'), { kind: 'debian', package: 'linux-source-5.10', build: null })
  assert.deepEqual(place('debian-5.10.223-1'), { kind: 'debian', package: 'linux-source-5.10', build: '5.10.223-1' })
  assert.deepEqual(place('debian-7.3~rc7-1~exp1'), { kind: 'debian', package: 'linux-source-7.3', build: '7.3~rc7-1~exp1' })
  assert.deepEqual(place('/src/linux'), { kind: 'path', path: '/src/linux' })
  assert.deepEqual(place('/src/linux@v6.1'), { kind: 'git', path: '/src/linux', revision: 'v6.1' })
  assert.deepEqual(place('/me@home/linux@HEAD~3'), { kind: 'git', path: '/me@home/linux', revision: 'HEAD~3' })
  const bads = ['', 'debian-', 'debian-sid', 'debian-5.10.223', '@v6.1', '/src/linux@', '/src/linux@--x', 'a,patch=', 'a,cc=x']
  for (const bad of bads) {
    assert.throws(() => parseTreeSelector(bad), UserError, bad)
  }
})

test('patches and fragments keep their order; paths become absolute; base is not repeated', () => {
  const part = 'debian-6.1,patch=/b.patch,config=kasan,patch=a.patch,config=./my.config,config=base'
  const { patches, configs } = parseTreeSelector(part)
  assert.deepEqual(patches, ['/b.patch', join(process.cwd(), 'a.patch')])
  assert.deepEqual(configs, ['kasan', join(process.cwd(), 'my.config')])
})

test('a fragment is parsed in any form that Kconfig writes', () => {
  const fragment = parseFragment('# SMP matters\nCONFIG_SMP=y\n# CONFIG_KSM is not set\nCONFIG_NEW=y # if known\n\n', 'mine')
  assert.deepEqual(fragment.lines.map(formatSetting), ['CONFIG_SMP=y', '# CONFIG_KSM is not set', 'CONFIG_NEW=y'])
  assert.deepEqual(droppedSettings([fragment], '# CONFIG_KSM is not set\nCONFIG_SMP=y\n'), [])
  assert.throws(() => parseFragment('CONFIG_SMP y\n', 'mine'), /mine has a malformed line: CONFIG_SMP y/)
  // What merge_config.sh takes means the same; a text that is "n" is a text.
  const asMerged = parseFragment('CONFIG_KSM=n\nCONFIG_NBD=n # if known\nCONFIG_NAME="n"\n', 'mine')
  assert.deepEqual(asMerged.lines.map(formatSetting), ['# CONFIG_KSM is not set', '# CONFIG_NBD is not set', 'CONFIG_NAME="n"'])
  assert.deepEqual(droppedSettings([asMerged], '# CONFIG_KSM is not set\nCONFIG_NAME="n"\n'), [])
  assert.match(
    droppedSettings([asMerged], 'CONFIG_KSM=y\nCONFIG_NAME="n"\n')[0] ?? '',
    /^# CONFIG_KSM is not set of mine was dropped/,
  )
})

test('a setting means what it says in other spellings, too', () => {
  const spelled = [
    '#CONFIG_KSM is not set',
    '#\tCONFIG_NBD is not set\r',
    'CONFIG_SMP=y # as everywhere',
    'CONFIG_FUSE=n\t# not here',
    'CONFIG_NAME="a # \\" b" # a text',
    'CONFIG_HZ=250 # if known\r',
    '# CONFIG_SLUB is not set in any release',
  ]
  assert.deepEqual(parseFragment(spelled.join('\n'), 'mine').lines.map(formatSetting), [
    '# CONFIG_KSM is not set',
    '# CONFIG_NBD is not set',
    'CONFIG_SMP=y',
    '# CONFIG_FUSE is not set',
    'CONFIG_NAME="a # \\" b"',
    'CONFIG_HZ=250',
  ])
  for (const bad of [
    'CONFIG_X',
    'CONFIG_X =y',
    ' CONFIG_X=y',
    'CONFIG_X=',
    'config_x=y',
    'export CONFIG_X=y',
    '\uFEFFCONFIG_X=y',
  ]) {
    assert.throws(() => parseFragment(`${bad}\n`, 'mine'), /mine has a malformed line/, bad)
  }
})

test('a dropped setting is named, with its fragment and the actual value', () => {
  const text = 'CONFIG_SMP=y\nCONFIG_KASAN=y\n# CONFIG_KSM is not set\nCONFIG_HZ=250\nCONFIG_NEW=y # if known\n'
  const fragment = parseFragment(text, 'mine')
  assert.deepEqual(
    droppedSettings([fragment], 'CONFIG_SMP=y\n# CONFIG_KASAN is not set\nCONFIG_KSM=y\n# CONFIG_NEW is not set\n'),
    [
      'CONFIG_KASAN=y of mine was dropped: the configured tree has # CONFIG_KASAN is not set',
      '# CONFIG_KSM is not set of mine was dropped: the configured tree has CONFIG_KSM=y',
      'CONFIG_HZ=250 of mine was dropped: the configured tree does not offer it',
      'CONFIG_NEW=y of mine was dropped: the configured tree has # CONFIG_NEW is not set',
    ],
  )
})

test('of two settings for one symbol the later fragment wins', () => {
  const fragments = [parseFragment('# CONFIG_KSM is not set\n', 'base'), parseFragment('CONFIG_KSM=y\n', 'mine')]
  assert.equal(mergeFragments(fragments), '# CONFIG_KSM is not set\nCONFIG_KSM=y\n')
  assert.deepEqual(droppedSettings(fragments, 'CONFIG_KSM=y\n'), [])
})

test('every fragment of vm-images/configs parses and has settings', async () => {
  const names = (await readdir(inRepository('vm-images', 'configs'))).map((name) => name.replace(/\.config$/, ''))
  assert.ok(names.includes('base'))
  for (const name of names) assert.ok((await readFragment(name)).lines.length > 0, name)
  await assert.rejects(readFragment('nowhere'), /cannot read the config fragment nowhere/)
})

test('the version is read from the Makefile; release candidates have no patch level', () => {
  assert.equal(versionOf('VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 262\nEXTRAVERSION =\n', 'x'), '5.10.262')
  assert.equal(versionOf('VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 0\nEXTRAVERSION = -rc7\n', 'x'), '7.3-rc7')
  assert.throws(() => versionOf('all:\n\tcc x.c\n', '/some/tree'), /\/some\/tree is not a kernel source/)
})

test('what is not a tree is refused with what it lacks, and what a tree is', async (t) => {
  const folder = await temporaryFolder(t)
  const [empty, archive, text] = ['empty', 'archive.tar', 'notes'].map((name) => join(folder, name))
  await mkdir(join(empty!, 'drivers'), { recursive: true })
  await writeFile(text!, 'notes\n')
  // A Makefile further down is not the kernel's.
  await writeFile(join(empty!, 'drivers', 'Makefile'), 'VERSION = 6\n')
  await runCommand('tar', ['-cf', archive!, '-C', folder, 'empty'])
  const context = { workspace: { cache: folder, state: folder } }
  for (const [path, lack] of [
    [empty, 'it has no Makefile at its top'],
    [archive, 'it has no Makefile at its top'],
    [text, 'it is neither a folder nor a tarball'],
  ] as const) {
    await assert.rejects(findSource({ kind: 'path', path: path! }, context), (error: UserError) => {
      assert.ok(error instanceof UserError)
      assert.equal(error.message, `${path} is not a kernel source: ${lack}`)
      assert.match(error.hint ?? '', /^a tree is the top folder of a kernel source, a tarball of one/)
      return true
    })
  }
})

test('the output of apt is parsed, also a version with an epoch', () => {
  const sha256 = '4f01148344ca9e5c1c9743ab4a084cf61c437548f803443ccc044602278b52bc'
  const uri = 'http://x.example/pool/linux-source-5.10_5.10.262-1_all.deb'
  const line = `'${uri}' linux-source-5.10_1%3a5.10.262-1_all.deb 121947504 SHA256:${sha256}\n`
  assert.deepEqual(parsePrintedUri(line), {
    build: '1:5.10.262-1',
    version: '5.10.262',
    file: { sha256, bytes: 121947504, uris: [uri] },
  })
  assert.equal(parsePrintedUri('E: Unable to locate package linux-source-4.4\n'), null)
})

test('error lines of compiler, linker and make are recognised', () => {
  assert.ok(isErrorLine("../mm/gup.c:12:3: error: 'x' undeclared (first use in this function)"))
  assert.ok(isErrorLine("ld: mm/gup.o: in function `f': gup.c:(.text+0x1): undefined reference to `g'"))
  assert.ok(isErrorLine('make[2]: *** [../scripts/Makefile.build:286: mm/gup.o] Error 1'))
  assert.ok(!isErrorLine('  CC      lib/error-inject.o'))
  assert.ok(!isErrorLine('../mm/gup.c:12:3: warning: unused variable'))
})
