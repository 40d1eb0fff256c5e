/** The index of Debian kernels: what apt fetched and verified, reduced to one JSON file. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { runCommand, type Finished } from '#harness/support/process.ts'
import { debianIndexSchema, type DebianIndex } from '#schema/cache/debian.ts'
import { createJsonReader } from '#harness/support/json-cache.ts'
import { exists, replaceFile } from '#harness/support/workspace.ts'
import { aptOptions, openAptRoot, type AptRoot } from './apt.ts'
import { headersOf, kernelsOf, parsePackages, type PackageList } from './packages.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './sources.ts'
import { withCacheLock } from '../provider/lock.ts'
import { bytesIn, runFetching } from '../provider/fetching.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'

const MAX_AGE_MS = 12 * 3600 * 1000
/** Time before a mirror that did not answer is asked again. */
const RETRY_AFTER_MS = 10 * 60 * 1000
/** Disk space that apt needs to fetch and repack all lists. Without it apt does not fail but waits forever. */
const MIN_FREE_BYTES = 300 * 2 ** 20
const UPDATE_TIMEOUT_MS = 10 * 60 * 1000

/** The index, refreshed when it is older than 12 hours or than the context accepts. Throws InfraError when there is none. */
export async function readDebianIndex(context: KernelContext): Promise<{ root: AptRoot; index: DebianIndex }> {
  const root = await openAptRoot(context)
  const stored = await storedIndex(root)
  if (stored && isFresh(stored, context)) return { root, index: stored }
  const lock = { path: join(root.folder, 'update.lock'), name: 'the package lists', doing: 'fetching them', kernel: null }
  const index = await withCacheLock(context, lock, async (inside) => {
    const other = await storedIndex(root)
    // The previous holder of the lock may have refreshed the index.
    return other && isFresh(other, context) ? other : refreshIndex(root, other, inside)
  })
  return { root, index }
}

function isFresh(index: DebianIndex, context: KernelContext): boolean {
  const at = Date.parse(index.askedAt)
  const age = Date.now() - at
  return age >= 0 && age < (index.reached ? MAX_AGE_MS : RETRY_AFTER_MS) && at >= (context.freshAfter ?? 0)
}

const readIndex = createJsonReader(debianIndexSchema)

/** The index as it was stored; null where it must be made. */
function storedIndex(root: AptRoot): Promise<DebianIndex | null> {
  return readIndex(join(root.folder, 'index.json'))
}

async function refreshIndex(root: AptRoot, old: DebianIndex | null, context: KernelContext): Promise<DebianIndex> {
  reportProgress(context, null, `asking ${new URL(root.main).host || root.main} for its kernel packages`)
  const { bavail, bsize } = await statfs(root.folder)
  if (bavail * bsize < MIN_FREE_BYTES) {
    const left = `${Math.floor((bavail * bsize) / 2 ** 20)} of the ${MIN_FREE_BYTES / 2 ** 20} MiB`
    throw new InfraError(
      `${root.folder} has only ${left} that apt needs for the package lists`,
      'free some space or set KWITNESS_CACHE',
    )
  }
  const askedAt = new Date().toISOString()
  const update = await updateLists(root, context)
  const diagnostics = update.stderr.split('\n').filter((line) => /^[EW]: /.test(line))
  const lists = await readLists(root, context)
  const unreached = diagnostics.filter((line) => /Failed to fetch/.test(line) && !/\b404\b/.test(line))
  if (unreached.length > 0 && old) {
    reportProgress(context, null, `cannot refresh the index, using the one of ${old.refreshedAt}: ${unreached[0]}`)
    return storeIndex(root, { ...old, askedAt, reached: false })
  }
  if (lists.length === 0) {
    const why =
      diagnostics.find((line) => /GPG|sign/.test(line)) ??
      diagnostics[0] ??
      update.stderr.trim().split('\n').at(-1) ??
      'apt-get update gave no index'
    throw new InfraError(`${root.main} gave no index of any Debian suite: ${why}`, 'check the network, or pass --mirror URL')
  }
  const have = new Set(lists.map(({ suite }) => suite))
  const missingSuites = [...MAIN_SUITES, ...SECURITY_SUITES].filter((suite) => !have.has(suite))
  for (const suite of missingSuites) {
    const why = diagnostics.find((line) => line.split(/[ /]/).includes(suite)) ?? 'the mirror has no list for it'
    reportProgress(context, null, `left out suite ${suite}: ${why.replace(/^[EW]: /, '')}`)
  }
  const reached = unreached.length === 0
  const [kernels, headers] = [kernelsOf(lists), headersOf(lists)]
  return storeIndex(root, {
    schema: 'kwitness.debian-index/2',
    refreshedAt: askedAt,
    askedAt,
    reached,
    missingSuites,
    kernels,
    headers,
  })
}

/** Run apt-get update. A mirror that stops sending is one that failed to be fetched from. */
async function updateLists(root: AptRoot, context: KernelContext): Promise<Pick<Finished, 'stderr'>> {
  const args = ['-c', root.config, '-q', '-o', 'Acquire::Retries=1', 'update']
  const fetching = { from: new URL(root.main).host || root.main, bytes: () => bytesIn(join(root.folder, 'state', 'lists')) }
  try {
    return await runFetching('apt-get', args, fetching, context, {
      ...aptOptions(context),
      anyExit: true,
      timeoutMs: UPDATE_TIMEOUT_MS,
    })
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof InfraError) return { stderr: `E: Failed to fetch: ${error.message}` }
    throw error
  }
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
