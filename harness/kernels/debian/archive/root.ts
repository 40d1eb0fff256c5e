/** A private apt root with its own sources, lists and trust; only the host's network settings apply to it. */
import { readFile, readdir } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand, type RunOptions } from '#harness/support/process.ts'
import { exists, makeFolder, replaceFile, whenUnreadable } from '#harness/support/workspace.ts'
import {
  MAIN_SUITES,
  SECURITY_SUITES,
  debianMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  securityBeside,
  type AptSource,
} from './sources.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Options of every call of an apt program: English messages, and the caller's abort signal. */
export function aptOptions(context: Pick<KernelContext, 'signal'>): RunOptions {
  return { env: { LC_ALL: 'C' }, signal: context.signal }
}

export interface AptRoot {
  readonly folder: string
  /** Path of the configuration file, for `-c`. */
  readonly config: string
  readonly main: string
  readonly security: string
  /** The keys that sign both. */
  readonly keyring: string
}

/**
 * The private root for the mirror of the context or of the host, created when it is missing.
 * Throws UserError when no mirror is configured, InfraError when the keyring is missing.
 */
export async function openAptRoot(context: KernelContext): Promise<AptRoot> {
  const { main, security } = await mirrorsOf(context)
  const keyring = context.keyring ?? KEYRING
  if (!(await exists(keyring))) {
    throw new InfraError(
      `the keyring ${keyring} is missing: no index can be verified`,
      'install the package debian-archive-keyring',
    )
  }
  const key = createHash('sha256').update([main, security, keyring].join('\n')).digest('hex').slice(0, 12)
  const folder = join(context.workspace.cache, 'apt', key)
  const root = { folder, config: join(folder, 'apt.conf'), main, security, keyring }
  await makeFolder(join(folder, 'sources'))
  await makeFolder(join(folder, 'state', 'lists', 'partial'))
  await makeFolder(join(folder, 'cache', 'archives', 'partial'))
  await writeIfChanged(join(folder, 'status'), '')
  await writeIfChanged(root.config, aptConfig(folder))
  const entries = [sourceEntry(main, MAIN_SUITES, keyring), sourceEntry(security, SECURITY_SUITES, keyring)]
  await writeIfChanged(join(folder, 'sources', 'kwitness.sources'), entries.join('\n'))
  return root
}

interface MirrorPair {
  readonly main: string
  readonly security: string
}

/** Mirrors by context: every selector of a set asks for them, and apt-config takes a while. */
const mirrorsByContext = new WeakMap<KernelContext, Promise<MirrorPair>>()

function mirrorsOf(context: KernelContext): Promise<MirrorPair> {
  const mirrors = mirrorsByContext.get(context) ?? findMirrors(context)
  mirrorsByContext.set(context, mirrors)
  return mirrors
}

async function findMirrors(context: KernelContext): Promise<MirrorPair> {
  if (context.mirror !== undefined) {
    const main = context.mirror.replace(/\/+$/, '')
    if (/^[a-z][a-z+]*:\/\S+$/.test(main)) return { main, security: securityBeside(main) }
    throw new UserError(`${context.mirror} is not a valid mirror URL`, 'write one like http://HOST/debian')
  }
  const { main, security } = debianMirrors(await hostSources(context))
  if (main === null) {
    throw new UserError('the apt configuration of this host does not name a Debian mirror', 'pass --mirror http://HOST/debian')
  }
  const first = await resolveMirrorList(main)
  return { main: first, security: security === null ? securityBeside(first) : await resolveMirrorList(security) }
}

/** All `deb` entries of the host's apt sources; empty on a host without apt. */
async function hostSources(context: Pick<KernelContext, 'signal'> = {}): Promise<AptSource[]> {
  const shell = 'sl Dir::Etc::sourcelist/f sp Dir::Etc::sourceparts/d'.split(' ')
  const { stdout } = await runCommand('apt-config', ['shell', ...shell], aptOptions(context)).catch(
    whenUnreadable({ stdout: '' }),
  )
  const value = (name: string) => new RegExp(`^${name}='(.*)'$`, 'm').exec(stdout)?.[1] ?? ''
  const parts = value('sp')
  const names = await readdir(parts).catch(whenUnreadable([]))
  const files = [value('sl'), ...names.toSorted().map((name) => join(parts, name))]
  const read = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(whenUnreadable(''))
      if (file.endsWith('.sources')) return parseDeb822Sources(text)
      return file.endsWith('.list') ? parseOneLineSources(text) : []
    }),
  )
  return read.flat()
}

/** URIs of the mirrors in this host's apt configuration, sorted; empty on a host without apt. */
export async function hostMirrors(): Promise<string[]> {
  const sources = await hostSources()
  return [...new Set(sources.map(({ uri }) => uri.replace(/\/+$/, '')))].toSorted()
}

/** The first mirror of a list file, as cloud images configure it: `mirror+file:/etc/apt/mirrors/debian.list`. */
async function resolveMirrorList(uri: string): Promise<string> {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  if (file === undefined) return uri
  const first = (await readFile(file, 'utf8'))
    .split('\n')
    .map((line) => line.split(/[\s#]/)[0])
    .find(Boolean)
  if (!first) throw new UserError(`${file} does not list a mirror`, 'pass --mirror http://HOST/debian')
  return first.replace(/\/+$/, '')
}

function sourceEntry(uri: string, suites: readonly string[], keyring: string): string {
  return `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\nArchitectures: amd64\nSigned-By: ${keyring}\n`
}

function aptConfig(folder: string): string {
  return `// Written by kwitness. This root ignores the host's hooks and extra indexes, and uses its proxies.
#clear APT::Update;
#clear APT::Architectures;
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  Optional "false";
};
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::PDiffs "false";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
Dir::Cache "${folder}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${folder}/sources";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
`
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(whenUnreadable(null))) !== text) await replaceFile(path, text)
}
