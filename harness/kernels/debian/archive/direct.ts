/** A Debian archive without apt: curl fetches it, gpgv checks its signatures, xz unpacks its lists. */
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourcePackage } from '#schema/cache/debian.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeFolder, replaceFile, whenUnreadable } from '#harness/support/workspace.ts'
import { hashFile } from '#harness/support/hash.ts'
import { MirrorStalled } from '#harness/kernels/provider/fetching.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { AptRoot } from './root.ts'
import { entriesOf, upstreamVersion } from './packages.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './sources.ts'
import { compareDebianVersions } from './version.ts'
import { type DebianArchive, DownloadFailure, type ListText } from './contract.ts'
import { askByCurl, fetchByCurl, fetchListed } from './curl.ts'
import { parseRelease, type Release } from './release.ts'

export const directArchive: DebianArchive = {
  update,
  lists,
  download: (_root, file, target, context) => fetchListed(file, target, context),
  ask: (_root, uris, _folder, context) => askByCurl(uris, context),
  find,
}

/** An InRelease file is some 200 kB. */
const MAX_RELEASE_BYTES = 16 * 2 ** 20
/** The Packages file of Debian's main, in the forms that are taken, best first. */
const LIST = 'main/binary-amd64/Packages'
const FORMS: readonly (readonly [ending: string, unpack: readonly string[]])[] = [
  ['.xz', ['xz', '--decompress', '--stdout']],
  ['.gz', ['gzip', '--decompress', '--stdout']],
  ['', ['cat']],
]

interface Suite {
  readonly suite: string
  /** URL of its archive. */
  readonly repository: string
  /** The verified text of its Release file, kept here. */
  readonly release: string
}

const foldersOf = ({ folder }: AptRoot): string => join(folder, 'direct')

function suitesOf(root: AptRoot): Suite[] {
  const named = (repository: string, suites: readonly string[]) =>
    suites.map((suite) => ({ suite, repository, release: join(foldersOf(root), `${suite}.release`) }))
  return [...named(root.main, MAIN_SUITES), ...named(root.security, SECURITY_SUITES)]
}

/** The list of a Release file that is taken, where it is on the mirror and here. */
function listOf(root: AptRoot, { suite, repository }: Suite, { files, byHash }: Release) {
  const dists = `${repository}/dists/${suite}`
  for (const [ending, unpack] of FORMS) {
    const entry = files.get(LIST + ending)
    if (entry === undefined) continue
    const uri = byHash ? `${dists}/${LIST.replace(/[^/]+$/, '')}by-hash/SHA256/${entry.sha256}` : `${dists}/${LIST}${ending}`
    return { ...entry, uri, path: join(foldersOf(root), entry.sha256), unpack }
  }
  return null
}

async function update(root: AptRoot, context: KernelContext): Promise<string[]> {
  await makeFolder(foldersOf(root))
  const diagnostics: string[] = []
  const suites = suitesOf(root)
  /** What was said of a host that stalled: its other suites would stall one after the other. */
  const stalled = new Map<string, string>()
  for (const suite of suites) {
    const problem = await updateSuite(root, suite, stalled, context)
    if (problem !== null) diagnostics.push(problem)
  }
  await removeOldLists(root, suites)
  return diagnostics
}

/** Fetch the list of one suite; returns what went wrong, as DebianArchive.update words it. */
async function updateSuite(
  root: AptRoot,
  suite: Suite,
  stalled: Map<string, string>,
  context: KernelContext,
): Promise<string | null> {
  const uri = `${suite.repository}/dists/${suite.suite}/InRelease`
  const failed = (why: string): string => `W: Failed to fetch ${uri} ${suite.suite}  ${why}`
  const { host } = new URL(uri)
  const before = stalled.get(host)
  if (before !== undefined) return failed(before)
  const refused = (why: string): string => `W: Refused ${uri} ${suite.suite} InRelease  ${why}`
  const scratch = await mkdtemp(join(foldersOf(root), 'new-'))
  try {
    const signed = join(scratch, 'InRelease')
    await fetchByCurl(uri, signed, MAX_RELEASE_BYTES, context)
    const text = await verified(signed, root.keyring, join(scratch, 'Release'), context)
    if (text === null) return refused('its signature is not by a key of the keyring')
    const release = parseRelease(text, suite.suite)
    if (typeof release === 'string') return refused(release)
    const why = await staleness(suite, release)
    if (why !== null) return refused(why)
    const list = listOf(root, suite, release)
    if (list === null) return refused(`it lists no ${LIST}`)
    if ((await hashFile(list.path).catch(whenUnreadable(null))) !== list.sha256) {
      await fetchListed(list, join(scratch, 'Packages'), context)
      await rename(join(scratch, 'Packages'), list.path)
    }
    await replaceFile(suite.release, text)
    return null
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof DownloadFailure) {
      if (error.kind === 'changed') return refused(error.message)
      return failed(error.kind === 'gone' ? '404  Not Found' : error.message)
    }
    // A missing program of this host is nothing that other suites would not meet.
    if (!(error instanceof MirrorStalled)) throw error
    stalled.set(host, error.message)
    return failed(error.message)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * The text that a key of the keyring signed, null where there is none. Only what gpgv gives out counts: around a signed text
 * anything may stand. A signature by a key that is not here does no harm beside a good one, a bad one does.
 */
async function verified(signed: string, keyring: string, output: string, { signal }: KernelContext): Promise<string | null> {
  const weak = ['--weak-digest', 'SHA1', '--weak-digest', 'RIPEMD160', '--weak-digest', 'MD5']
  const args = ['--status-fd', '1', ...weak, '--keyring', keyring, '--output', output, signed]
  const { stdout } = await runCommand('gpgv', args, { env: { LC_ALL: 'C' }, anyExit: true, signal })
  const count = (word: string): number => stdout.split('\n').filter((line) => line.startsWith(`[GNUPG:] ${word} `)).length
  const isGood = count('GOODSIG') > 0 && count('VALIDSIG') > 0 && count('BADSIG') === 0 && count('PLAINTEXT') <= 1
  return isGood ? readFile(output, 'utf8') : null
}

/** Why a Release file is too old to be taken; null where it is not. */
async function staleness(suite: Suite, { date, validUntil }: Release): Promise<string | null> {
  if (validUntil !== null && validUntil < Date.now()) return `it was good until ${new Date(validUntil).toISOString()}`
  const had = await readRelease(suite)
  return had !== null && had.date > date ? 'it is older than the one that was fetched before' : null
}

/** What arrived of a suite; null for nothing. */
async function readRelease({ release, suite }: Suite): Promise<Release | null> {
  const text = await readFile(release, 'utf8').catch(whenUnreadable(null))
  const found = text === null ? 'none' : parseRelease(text, suite)
  return typeof found === 'string' ? null : found
}

/** Remove lists that no Release file names any more. */
async function removeOldLists(root: AptRoot, suites: readonly Suite[]): Promise<void> {
  const releases = await Promise.all(suites.map(async (suite) => [suite, await readRelease(suite)] as const))
  const named = new Set(releases.map(([suite, release]) => release && listOf(root, suite, release)?.sha256))
  for (const name of await readdir(foldersOf(root))) {
    if (/^[0-9a-f]{64}$/.test(name) && !named.has(name)) await rm(join(foldersOf(root), name))
  }
}

async function lists(root: AptRoot, context: KernelContext): Promise<ListText[]> {
  const found: ListText[] = []
  for (const suite of suitesOf(root)) {
    const release = await readRelease(suite)
    const list = release && listOf(root, suite, release)
    // A damaged list is fetched again with the next refresh; until then the suite is one that did not arrive.
    if (!list || (await hashFile(list.path).catch(whenUnreadable(null))) !== list.sha256) continue
    const [command = '', ...args] = list.unpack
    const { stdout: text } = await runCommand(command, [...args, list.path], { signal: context.signal })
    found.push({ suite: suite.suite, repository: suite.repository, text })
  }
  return found
}

async function find(root: AptRoot, name: string, build: string | null, context: KernelContext): Promise<SourcePackage | string> {
  const entries = (await lists(root, context)).flatMap(({ repository, text }) =>
    entriesOf(text, name).map((entry) => ({ ...entry, uri: `${repository}/${entry.filename}` })),
  )
  const fitting = entries.filter(({ version }) => build === null || version === build)
  const [newest] = fitting.toSorted((a, b) => compareDebianVersions(b.version, a.version))
  if (newest !== undefined) {
    const { version, sha256, bytes, uri } = newest
    return { build: version, version: upstreamVersion(version), file: { sha256, bytes, uris: [uri] } }
  }
  return entries.length === 0 ? 'no suite has a package of that name' : `no suite has the version ${build}`
}
