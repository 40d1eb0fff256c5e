/** A small Debian archive of our own, signed with a key made for it and served on the loopback: real apt reads it. */
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { exists, findWorkspace, publishFolder } from '#harness/support/workspace.ts'
import { fakeBzImage, fakeVmlinux, flipped, packPayload, temporaryFolder } from '../kernel-images.ts'

export interface Repository {
  /** For `--mirror`. */
  readonly mirror: string
  readonly keyring: string
  /** Paths asked for since the last look, in order. */
  takeRequests(): string[]
  /** Serve files whose path ends so with one byte changed; null serves all as they are. */
  corrupt(ending: string | null): void
  /** Answer 503 for paths that have this in them; null serves all. */
  cut(part: string | null): void
  /** Move the file of one path below the archives into the place of another. */
  replace(path: string, by: string): Promise<void>
  /** Answer 404 for files whose path ends so. */
  remove(ending: string): Promise<void>
  /** Stop listening, as when the network is away. */
  close(): Promise<void>
}

interface Package {
  readonly name: string
  readonly version: string
  readonly files: Readonly<Record<string, string | Buffer>>
}

/** uname -r, package version and banner of the two kernels in it: one of the layout before 6.19, one of that since 7.2. */
export const OLD = {
  release: '5.90.0-3-cloud-amd64',
  build: '5.90.7-1',
  banner: '5.90.0-3-cloud-amd64 (x) #1 SMP Debian 5.90.7-1 (2026)',
}
export const NEW = {
  release: '9.1.5+t-cloud-amd64',
  build: '9.1.5-2~bpo1',
  banner: '9.1.5+t-cloud-amd64 (x) #1 SMP Debian 9.1.5-2 (2026)',
}

/** Bytes that do not compress, the same in every process. */
const PADDING = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(1 << 20))

/** The ELF files packed in them. The old package must be larger than a metapackage, so its padding does not compress. */
export const OLD_ELF = fakeVmlinux(OLD.banner, PADDING)
export const NEW_ELF = fakeVmlinux(NEW.banner)

/** Changelog of a package, as those of the archive are: that of the newer build tells of one more that is here too. */
const changelogOf = (name: string, ...builds: string[]) => ({
  [`usr/share/doc/${name}/changelog.gz`]: gzipSync(
    builds.map((build) => `linux (${build}) sid; urgency=low\n\n  * mm: brought by ${build}\n`).join('\n'),
  ),
})
export const OLDER_BUILD = '5.90.6-1'

let archive: Promise<string> | undefined

/** Serve a copy of the archive, made of links; it goes away with the test. */
export async function serveRepository(t: Pick<TestContext, 'after'>): Promise<Repository> {
  archive ??= findArchive()
  const own = await temporaryFolder(t)
  await runCommand('cp', ['-rsT', await archive, own])
  return serve(own, t)
}

/** What the archive is made of, as text: another text makes another archive. */
const MAKERS = ['test/helpers/kernels/debian-archive.ts', 'test/helpers/kernel-images.ts'].map((file) => inRepository(file))

/** The keyring, and beside it `debian` and `debian-security`; built and signed once, which takes longer than most tests. */
async function findArchive(): Promise<string> {
  const key = sha256(Buffer.concat(await Promise.all(MAKERS.map((file) => readFile(file))))).slice(0, 16)
  const folder = join(findWorkspace().cache, 'test-archives', key)
  return (await exists(folder)) ? folder : publishFolder(folder, buildArchive)
}

const KEYRING = 'test-archive.gpg'

/** A keyring with a key that signed nothing of the archive. */
export async function otherKeyring(t: Pick<TestContext, 'after'>): Promise<string> {
  const keys = await newKey(await temporaryFolder(t))
  await keys.close()
  return keys.keyring
}

interface SigningKey {
  readonly keyring: string
  /** Write the InRelease file of a suite beside its Release. */
  readonly sign: (dist: string) => Promise<void>
  /** End the agent that holds the key. */
  readonly close: () => Promise<void>
}

async function newKey(folder: string): Promise<SigningKey> {
  const home = await mkdtemp(join(tmpdir(), 'kwitness-gnupg-'))
  const gpg = (...args: string[]) => runCommand('gpg', ['--homedir', home, '--batch', '--quiet', '--yes', ...args])
  await gpg('--passphrase', '', '--quick-gen-key', 'kwitness test archive', 'ed25519', 'sign', 'never')
  const keyring = join(folder, KEYRING)
  await gpg('--output', keyring, '--export')
  return {
    keyring,
    sign: async (dist) => {
      await gpg('--output', join(dist, 'InRelease'), '--clearsign', join(dist, 'Release'))
    },
    close: async () => {
      await runCommand('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'])
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function buildArchive(folder: string): Promise<void> {
  const keys = await newKey(folder)
  const packages = await Promise.all((await kernelPackages(folder)).map((item) => buildPackage(join(folder, 'debian'), item)))
  const [old, ...others] = [...packages, await addGarbage(join(folder, 'debian'))]
  await writeSuite(join(folder, 'debian'), 'bookworm', [old ?? '', ...others], keys.sign)
  await writeSuite(join(folder, 'debian'), 'sid', others, keys.sign)
  await writeSuite(join(folder, 'debian-security'), 'bookworm-security', [old ?? ''], keys.sign)
  await runCommand('cp', ['-rl', join(folder, 'debian', 'pool'), join(folder, 'debian-security')])
  await keys.close()
  await rm(join(folder, 'build'), { recursive: true })
}

async function serve(folder: string, t: Pick<TestContext, 'after'>): Promise<Repository> {
  const requests: string[] = []
  let [corrupted, cut]: [string | null, string | null] = [null, null]
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    requests.push(path)
    if (cut !== null && path.includes(cut)) return void response.writeHead(503).end()
    readFile(join(folder, path)).then(
      (bytes) => response.end(corrupted !== null && path.endsWith(corrupted) ? flipped(bytes) : bytes),
      () => response.writeHead(404).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  t.after(close)
  return {
    mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian`,
    keyring: join(folder, KEYRING),
    takeRequests: () => requests.splice(0),
    corrupt: (ending) => void (corrupted = ending),
    cut: (part) => void (cut = part),
    replace: async (path, by) => rename(join(folder, by), join(folder, path)),
    remove: async (ending) => {
      const found = await runCommand('find', [folder, '-path', `*${ending}`])
      for (const path of found.stdout.split('\n').filter(Boolean)) await rm(path)
    },
    close,
  }
}

/** As kbuild, in small: compiles what the Kbuild file of the folder M names, with the headers beside it. */
const MAKEFILE = `HERE := $(dir $(lastword $(MAKEFILE_LIST)))
include $(M)/Kbuild
modules: ; @test -e $(HERE)../../lib/linux-kbuild-5.90/scripts/modpost
	$(CC) $(KCFLAGS) -I$(HERE)include -c -o $(M)/$(obj-m:.o=.ko) $(M)/$(obj-m:.o=.c)
`
const MODULE_H = '#define MODULE_LICENSE(text) const char license[] __attribute__((section(".modinfo"))) = "license=" text\n'

/** What modules for the old kernel are compiled against; nothing is there for the new one. */
function headerPackages(): Package[] {
  const common = OLD.release.replace('cloud-amd64', 'common')
  const folder = (name: string) => `usr/src/linux-headers-${name}`
  const headers = (name: string, files: Package['files']) => ({ name: `linux-headers-${name}`, version: OLD.build, files })
  return [
    headers(OLD.release, { [`${folder(OLD.release)}/Makefile`]: `include /${folder(common)}/Makefile\n` }),
    headers(common, { [`${folder(common)}/Makefile`]: MAKEFILE, [`${folder(common)}/include/linux/module.h`]: MODULE_H }),
    { name: 'linux-kbuild-5.90', version: '5.90.9-1', files: { 'usr/lib/linux-kbuild-5.90/scripts/modpost': '' } },
  ]
}

async function kernelPackages(folder: string): Promise<Package[]> {
  const oldImage = fakeBzImage(OLD.banner, await packPayload(OLD_ELF, 'xz'))
  const newImage = fakeBzImage(NEW.banner, await packPayload(NEW_ELF, 'zstd'))
  const [provider, user] = await buildModules(folder)
  const tree = `usr/lib/modules/${NEW.release}`
  const named = (kind: string, { release, build }: typeof OLD, files: Package['files'], suffix = '') => ({
    name: `linux-${kind}-${release}${suffix}`,
    version: build,
    files,
  })
  return [
    named('image', OLD, {
      [`boot/vmlinuz-${OLD.release}`]: oldImage,
      [`boot/config-${OLD.release}`]: 'CONFIG_OLD=y\n',
      [`lib/modules/${OLD.release}/kernel/fs/user.ko`]: user ?? '',
      [`lib/modules/${OLD.release}/kernel/lib/provider.ko`]: provider ?? '',
      ...changelogOf(`linux-image-${OLD.release}`, OLD.build, OLDER_BUILD),
    }),
    named('image', OLD, { [`boot/vmlinuz-${OLD.release}`]: Buffer.concat([oldImage, Buffer.from('unsigned')]) }, '-unsigned'),
    { name: 'linux-image-5.90-cloud-amd64', version: OLD.build, files: { 'usr/share/doc/meta': 'a metapackage\n' } },
    named('image', NEW, { 'usr/share/doc/empty': 'an empty package\n' }),
    named('binary', NEW, { [`${tree}/vmlinuz`]: newImage }),
    named('base', NEW, {
      [`${tree}/config`]: 'CONFIG_NEW=y\n',
      [`${tree}/modules.builtin`]: 'kernel/fs/fuse/fuse.ko\n',
      ...changelogOf(`linux-base-${NEW.release}`, NEW.build),
    }),
    named('modules', NEW, { [`${tree}/kernel/fs/user.ko`]: user ?? '', [`${tree}/kernel/lib/provider.ko`]: provider ?? '' }),
    named(
      'binary',
      { ...NEW, release: NEW.release.replace('9.1.5', '9.1.4'), build: '9.1.4-1' },
      {
        [`usr/lib/modules/broken/vmlinuz`]: 'no kernel at all',
      },
    ),
    ...headerPackages(),
  ]
}

/** Two objects that depmod takes for modules: one exports a symbol, the other needs it. */
async function buildModules(folder: string): Promise<Buffer[]> {
  const sources = {
    provider: 'const char names[] __attribute__((section("__ksymtab_strings"))) = "kwitness_symbol"; int kwitness_symbol;',
    user: 'extern int kwitness_symbol; int *needed = &kwitness_symbol;',
  }
  return Promise.all(
    Object.entries(sources).map(async ([name, source]) => {
      const object = join(folder, `${name}.ko`)
      await runCommand('gcc', ['-c', '-x', 'c', '-o', object, '-'], { input: source })
      return readFile(object)
    }),
  )
}

/** Build the .deb into the pool and return its paragraph. */
async function buildPackage(root: string, { name, version, files }: Package): Promise<string> {
  const build = join(root, '..', 'build', name)
  const fields = ['Architecture: amd64', 'Maintainer: kwitness tests <nobody@example.org>', 'Description: made for a test']
  const control = [`Package: ${name}`, `Version: ${version}`, ...fields, ''].join('\n')
  for (const [path, content] of Object.entries({ 'DEBIAN/control': control, ...files })) {
    await mkdir(dirname(join(build, path)), { recursive: true })
    await writeFile(join(build, path), content)
  }
  const filename = `pool/main/l/linux/${name}_${version}_amd64.deb`
  await mkdir(dirname(join(root, filename)), { recursive: true })
  await runCommand('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', build, join(root, filename)])
  const deb = await readFile(join(root, filename))
  return paragraph(control, filename, deb)
}

/** A listed and signed file that is no package. */
async function addGarbage(root: string): Promise<string> {
  const filename = 'pool/main/l/linux/garbage.deb'
  const bytes = Buffer.from('this is no package')
  await writeFile(join(root, filename), bytes)
  return paragraph('Package: linux-binary-9.1.3+t-cloud-amd64\nVersion: 9.1.3-1\n', filename, bytes)
}

function paragraph(control: string, filename: string, deb: Buffer): string {
  return `${control}Filename: ${filename}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`
}

async function writeSuite(
  root: string,
  suite: string,
  paragraphs: readonly string[],
  sign: (dist: string) => Promise<void>,
): Promise<void> {
  const dist = join(root, 'dists', suite)
  const packages = Buffer.from(paragraphs.join('\n'))
  await mkdir(join(dist, 'main/binary-amd64'), { recursive: true })
  await writeFile(join(dist, 'main/binary-amd64/Packages'), packages)
  const fields = [
    'Origin: kwitness',
    'Label: kwitness',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date().toUTCString()}`,
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
    ` ${sha256(packages)} ${packages.length} main/binary-amd64/Packages`,
  ]
  await writeFile(join(dist, 'Release'), `${fields.join('\n')}\n`)
  await sign(dist)
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
