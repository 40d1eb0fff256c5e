/** The index of Debian kernels: what apt fetched and verified, boiled down to one JSON file that reads fast. */
import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists, replaceFile } from '#harness/support/workspace.ts'
import { aptOptions, openAptRoot, type AptRoot } from './apt.ts'
import { headersOf, kernelsOf, parsePackages, type DebianKernel, type HeaderPackage, type PackageList } from './packages.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './sources.ts'
import { withLock } from '#harness/support/lock.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'

const FRESH_MS = 12 * 3600 * 1000
/** How long a mirror that could not be reached is left in peace. */
const PEACE_MS = 10 * 60 * 1000
/** What apt takes for a while to fetch and repack all lists. On a full disk it does not fail, it waits for ever. */
const NEEDED_BYTES = 300 * 2 ** 20
const PATIENCE_MS = 10 * 60 * 1000
const SCHEMA = 'kwitness.debian-index/2'

export interface DebianIndex {
  readonly schema: typeof SCHEMA
  /** When the mirror last answered, and when it was last asked, ISO 8601: they differ after a refresh that failed. */
  readonly refreshedAt: string
  readonly askedAt: string
  /** False when the mirror could not be reached for some of it, the last time. */
  readonly reached: boolean
  /** Suites the mirror gave no trusted index for. */
  readonly missingSuites: readonly string[]
  readonly kernels: readonly DebianKernel[]
  readonly headers: readonly HeaderPackage[]
}

/** The index, refreshed when it is older than 12 hours or than the caller accepts. Throws InfraError when there is none. */
export async function readDebianIndex(context: KernelContext): Promise<{ root: AptRoot; index: DebianIndex }> {
  const root = await openAptRoot(context)
  const stored = await storedIndex(root)
  if (stored && isFresh(stored, context)) return { root, index: stored }
  const index = await withLock(join(root.folder, 'update.lock'), context.signal, async () => {
    const other = await storedIndex(root)
    // Whoever held the lock before us may have done the work.
    return other && isFresh(other, context) ? other : refreshIndex(root, other, context)
  })
  return { root, index }
}

function isFresh(index: DebianIndex, context: KernelContext): boolean {
  const at = Date.parse(index.askedAt)
  const age = Date.now() - at
  return age >= 0 && age < (index.reached ? FRESH_MS : PEACE_MS) && at >= (context.freshAfter ?? 0)
}

async function storedIndex(root: AptRoot): Promise<DebianIndex | null> {
  try {
    const index = JSON.parse(await readFile(join(root.folder, 'index.json'), 'utf8')) as DebianIndex
    return index.schema === SCHEMA ? index : null
  } catch {
    return null
  }
}

async function refreshIndex(root: AptRoot, old: DebianIndex | null, context: KernelContext): Promise<DebianIndex> {
  reportProgress(context, null, `asking ${new URL(root.main).host || root.main} for its kernel packages`)
  const { bavail, bsize } = await statfs(root.folder)
  if (bavail * bsize < NEEDED_BYTES) {
    const left = `${Math.floor((bavail * bsize) / 2 ** 20)} of the ${NEEDED_BYTES / 2 ** 20} MiB`
    throw new InfraError(`${root.folder} has only ${left} that the package lists need`, 'free some space or set KWITNESS_CACHE')
  }
  const askedAt = new Date().toISOString()
  const update = await runCommand('apt-get', ['-c', root.config, '-q', '-o', 'Acquire::Retries=1', 'update'], {
    ...aptOptions(context),
    anyExit: true,
    timeoutMs: PATIENCE_MS,
  })
  const complaints = update.stderr.split('\n').filter((line) => /^[EW]: /.test(line))
  const lists = await readLists(root, context)
  const unreached = complaints.filter((line) => /Failed to fetch/.test(line) && !/\b404\b/.test(line))
  if (unreached.length > 0 && old) {
    reportProgress(context, null, `could not refresh, using the index of ${old.refreshedAt}: ${unreached[0]}`)
    return storeIndex(root, { ...old, askedAt, reached: false })
  }
  if (lists.length === 0) {
    const why =
      complaints.find((line) => /GPG|sign/.test(line)) ??
      complaints[0] ??
      update.stderr.trim().split('\n').at(-1) ??
      'apt-get update gave no index'
    throw new InfraError(`no Debian suite could be read from ${root.main}: ${why}`, 'check the network, or pass --mirror URL')
  }
  const have = new Set(lists.map(({ suite }) => suite))
  const missingSuites = [...MAIN_SUITES, ...SECURITY_SUITES].filter((suite) => !have.has(suite))
  for (const suite of missingSuites) {
    const why = complaints.find((line) => line.split(/[ /]/).includes(suite)) ?? 'the mirror has no list for it'
    reportProgress(context, null, `suite ${suite} left out: ${why.replace(/^[EW]: /, '')}`)
  }
  const reached = unreached.length === 0
  const [kernels, headers] = [kernelsOf(lists), headersOf(lists)]
  return storeIndex(root, { schema: SCHEMA, refreshedAt: askedAt, askedAt, reached, missingSuites, kernels, headers })
}

async function storeIndex(root: AptRoot, index: DebianIndex): Promise<DebianIndex> {
  await replaceFile(join(root.folder, 'index.json'), JSON.stringify(index))
  return index
}

async function readLists(root: AptRoot, context: KernelContext): Promise<PackageList[]> {
  const format = ['--format', '$(RELEASE) $(REPO_URI) $(FILENAME)', 'Identifier: Packages']
  const { stdout } = await runCommand('apt-get', ['-c', root.config, 'indextargets', ...format], aptOptions(context))
  const lists: PackageList[] = []
  for (const line of stdout.split('\n').filter(Boolean)) {
    // The path may hold blanks; a release and a URI do not.
    const [, suite = '', repository = '', file = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    if (!(await exists(file))) continue
    const { stdout: text } = await runCommand('/usr/lib/apt/apt-helper', ['cat-file', file], aptOptions(context))
    lists.push({ suite, mirror: repository.replace(/\/+$/, ''), packages: parsePackages(text) })
  }
  return lists
}
