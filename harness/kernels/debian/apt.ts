/** The private apt root: apt with sources, lists and trust of its own, sharing only the host's network settings. */
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand, type RunOptions } from '#harness/support/process.ts'
import { exists, replaceFile } from '#harness/support/workspace.ts'
import {
  MAIN_SUITES,
  SECURITY_SUITES,
  debianMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  securityBeside,
  type AptSource,
} from './sources.ts'
import type { KernelContext } from '../provider/provider.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** How apt's programs are run: speaking English, and stopped with the rest. */
export function aptOptions(context: Pick<KernelContext, 'signal'>): RunOptions {
  return { env: { LC_ALL: 'C' }, ...(context.signal === undefined ? {} : { signal: context.signal }) }
}

export interface AptRoot {
  readonly folder: string
  /** Configuration file for `-c`. */
  readonly config: string
  readonly main: string
  readonly security: string
}

/** The private root for the mirror asked for or configured; made when missing. Throws UserError when no mirror is known. */
export async function openAptRoot(context: KernelContext): Promise<AptRoot> {
  const { main, security } = await mirrorsOf(context)
  const keyring = context.keyring ?? KEYRING
  if (!(await exists(keyring))) {
    throw new InfraError(`no keyring ${keyring}, so no index can be trusted`, 'apt-get install debian-archive-keyring')
  }
  const key = createHash('sha256').update([main, security, keyring].join('\n')).digest('hex').slice(0, 12)
  const folder = join(context.workspace.cache, 'apt', key)
  const root = { folder, config: join(folder, 'apt.conf'), main, security }
  await mkdir(join(folder, 'sources'), { recursive: true })
  await mkdir(join(folder, 'state', 'lists', 'partial'), { recursive: true })
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  await writeChanged(join(folder, 'status'), '')
  await writeChanged(root.config, aptConfig(folder))
  const stanzas = [sourceStanza(main, MAIN_SUITES, keyring), sourceStanza(security, SECURITY_SUITES, keyring)]
  await writeChanged(join(folder, 'sources', 'kwitness.sources'), stanzas.join('\n'))
  return root
}

interface TwoMirrors {
  readonly main: string
  readonly security: string
}

/** What each command was told, by its context: a set asks for every selector, and apt takes a while to say what is configured. */
const told = new WeakMap<KernelContext, Promise<TwoMirrors>>()

function mirrorsOf(context: KernelContext): Promise<TwoMirrors> {
  const mirrors = told.get(context) ?? findMirrors(context)
  told.set(context, mirrors)
  return mirrors
}

async function findMirrors(context: KernelContext): Promise<TwoMirrors> {
  if (context.mirror !== undefined) {
    const main = context.mirror.replace(/\/+$/, '')
    if (/^[a-z][a-z+]*:\/\S+$/.test(main)) return { main, security: securityBeside(main) }
    throw new UserError(`not a mirror URL: ${context.mirror}`, 'give one like http://HOST/debian')
  }
  const { main, security } = debianMirrors(await hostSources(context))
  if (main === null) {
    throw new UserError('the apt configuration of this host names no Debian mirror', 'pass --mirror http://HOST/debian')
  }
  const first = await resolveMirrorList(main)
  return { main: first, security: security === null ? securityBeside(first) : await resolveMirrorList(security) }
}

/** All `deb` entries of the host's apt sources; none when it has no apt. */
async function hostSources(context: Pick<KernelContext, 'signal'> = {}): Promise<AptSource[]> {
  const shell = 'sl Dir::Etc::sourcelist/f sp Dir::Etc::sourceparts/d'.split(' ')
  const { stdout } = await runCommand('apt-config', ['shell', ...shell], aptOptions(context)).catch(() => ({ stdout: '' }))
  const value = (name: string) => new RegExp(`^${name}='(.*)'$`, 'm').exec(stdout)?.[1] ?? ''
  const parts = value('sp')
  const names = await readdir(parts).catch(() => [])
  const files = [value('sl'), ...names.toSorted().map((name) => join(parts, name))]
  const read = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8').catch(() => '')
      if (file.endsWith('.sources')) return parseDeb822Sources(text)
      return file.endsWith('.list') ? parseOneLineSources(text) : []
    }),
  )
  return read.flat()
}

/** Addresses of the mirrors that this host's own apt configuration names, sorted; none where there is no apt. */
export async function hostMirrors(): Promise<string[]> {
  const sources = await hostSources()
  return [...new Set(sources.map(({ uri }) => uri.replace(/\/+$/, '')))].toSorted()
}

/** Cloud images name a file that lists mirrors (`mirror+file:/etc/apt/mirrors/debian.list`): its first line is ours. */
async function resolveMirrorList(uri: string): Promise<string> {
  const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
  if (file === undefined) return uri
  const first = (await readFile(file, 'utf8'))
    .split('\n')
    .map((line) => line.split(/[\s#]/)[0])
    .find(Boolean)
  if (!first) throw new UserError(`${file} lists no mirror`, 'pass --mirror http://HOST/debian')
  return first.replace(/\/+$/, '')
}

function sourceStanza(uri: string, suites: readonly string[], keyring: string): string {
  return `Types: deb\nURIs: ${uri}\nSuites: ${suites.join(' ')}\nComponents: main\nArchitectures: amd64\nSigned-By: ${keyring}\n`
}

function aptConfig(folder: string): string {
  return `// Written by kwitness. The host's hooks and extra indexes stay out of this root; its proxies stay in.
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

async function writeChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) !== text) await replaceFile(path, text)
}
