/** Read from a git tree which fixes, backports and reverts are in the history of each kernel. */
import { UserError } from '#domain/errors.ts'
import type { Fix } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { GitTreeSource, GitTreeCommit, UnavailableSource } from '#domain/claim-sources.ts'
import { readRecipe } from './kernels/tree/source/recipe.ts'
import { runGit } from './support/git.ts'
import type { Workspace } from './support/workspace.ts'

type KnownFix = Pick<Fix, 'commit' | 'subject'>

/** Lines of a commit message that name the commit that this one backports or reverts. */
const NAMES_A_COMMIT =
  /^\s*(?:commit [0-9a-f]{12,40} upstream|\[\s*upstream commit |\(cherry picked from commit |This reverts commit )/i
/** Separators between commits and between their fields, in no commit message. */
const [RECORD, FIELD] = ['\u0001', '\u0002']

/**
 * By kernel id: the commits in the history of the kernel that matter to these fixes. A kernel is found in the tree by the
 * revision that it was built from, or by the tag of its version (`v6.1.192`).
 * Throws UserError when the folder is not a git tree or its history is incomplete.
 */
export async function readGitTreeSources(
  folder: string,
  kernels: readonly Kernel[],
  fixes: readonly KnownFix[],
  { workspace, signal }: { readonly workspace: Workspace; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, GitTreeSource | UnavailableSource>> {
  const git = gitIn(folder, signal)
  await checkIsComplete(folder, git)
  const revisions = new Map<string, Revision>()
  for (const kernel of kernels) {
    const revision = await revisionOf(kernel, workspace, git)
    if (revision !== null) revisions.set(kernel.id, revision)
  }
  const all = [...new Map([...revisions.values()].map((revision) => [revision.name, revision])).values()]
  const found = all.length === 0 ? [] : await findCommits(all, fixes, git)
  const holders = new Map<string, ReadonlySet<string>>()
  for (const { hash } of found) holders.set(hash, await holdersOf(hash, all, git))
  return new Map(
    kernels.map(({ id, version }): [string, GitTreeSource | UnavailableSource] => {
      const revision = revisions.get(id)?.name
      if (revision === undefined) return [id, { unavailable: `the git tree has no tag ${tagOf(version)}` }]
      return [id, { revision, commits: found.filter(({ hash }) => holders.get(hash)?.has(revision)) }]
    }),
  )
}

/** Check the tree before a run begins. Throws UserError when it is not a git tree or its history is incomplete. */
export async function checkHistory(folder: string): Promise<void> {
  await checkIsComplete(folder, gitIn(folder))
}

async function checkIsComplete(folder: string, git: Git): Promise<void> {
  if ((await git(['rev-parse', '--is-shallow-repository'])) === 'false') return
  throw new UserError(`the git tree ${folder} has no complete history`, 'fetch it: git fetch --unshallow')
}

function gitIn(folder: string, signal?: AbortSignal): Git {
  return async (args, mayFail = false) => {
    const { exitCode, stdout, stderr } = await runGit(folder, args, { anyExit: true, signal })
    if (exitCode === 0) return stdout
    if (mayFail) return null
    throw new UserError(`git cannot read ${folder}: ${stderr.trim().split('\n')[0]}`, 'give --git-tree the folder of a git tree')
  }
}

/** Run git in the tree and return its output; null when it fails and `mayFail` is set, else UserError. */
type Git = (args: readonly string[], mayFail?: boolean) => Promise<string | null>

/** A kernel's revision in the tree. */
interface Revision {
  readonly name: string
  readonly isTag: boolean
}

/** The tag of a version: `v6.1.192`, `v7.3-rc7`. */
function tagOf(version: string): string {
  return `v${version.replace('~', '-')}`
}

/** The revision that a kernel was built from if the tree has it, else the tag of its version, else null. */
async function revisionOf({ id, provider, version }: Kernel, workspace: Workspace, git: Git): Promise<Revision | null> {
  const source = provider === 'tree' ? (await readRecipe(id, workspace))?.source : undefined
  if (source?.place.kind === 'git') {
    const name = source.label.slice(source.place.path.length + 1)
    if ((await git(['rev-parse', '--verify', '--quiet', `${name}^{tree}`], true)) === source.key) return { name, isTag: false }
  }
  const name = tagOf(version)
  const tag = await git(['rev-parse', '--verify', '--quiet', `refs/tags/${name}^{commit}`], true)
  return tag === null ? null : { name, isTag: true }
}

/** The full name of a revision, so that git does not take a branch for a tag of the same name. */
const refOf = ({ name, isTag }: Revision): string => (isTag ? `refs/tags/${name}` : name)

/**
 * The commits in the history of any of the revisions that matter to a fix, oldest first. Repeats the search with the hashes
 * it finds, because a revert may name only a hash; usually the second search finds nothing new.
 */
async function findCommits(revisions: readonly Revision[], fixes: readonly KnownFix[], git: Git): Promise<GitTreeCommit[]> {
  const hashes = fixes.flatMap(({ commit }) => commit ?? [])
  const here = (await Promise.all(hashes.map((hash) => readLog(['--no-walk', hash], git, true)))).flat()
  const subjects = new Set([...fixes, ...here].map(({ subject }) => subject))
  const words = new Set([...subjects, ...hashes.map(short)])
  for (;;) {
    const known = words.size
    const patterns = [...words].flatMap((word) => ['--grep', word])
    const found: GitTreeCommit[] = []
    const search = ['--topo-order', '--reverse', '--fixed-strings', ...patterns, ...revisions.map(refOf)]
    for (const commit of await readLog(search, git)) {
      const named = [...hashes, ...found.map(({ hash }) => hash)].map(short)
      const matters =
        named.includes(short(commit.hash)) ||
        [...subjects].some((subject) => commit.subject.includes(subject)) ||
        commit.lines.some((line) => named.some((hash) => line.includes(hash)))
      if (!matters) continue
      found.push(commit)
      words.add(short(commit.hash))
    }
    if (words.size === known) return found
  }
}

const short = (hash: string): string => hash.slice(0, 12)

/** The commits that git log lists; none when git fails and `mayFail` is set, as for an unknown hash. */
async function readLog(args: readonly string[], git: Git, mayFail = false): Promise<GitTreeCommit[]> {
  const text = await git(['log', `--format=${RECORD}%H${FIELD}%s${FIELD}%B`, ...args, '--'], mayFail)
  return (text ?? '')
    .split(RECORD)
    .slice(1)
    .map((record) => {
      const [hash = '', subject = '', message = ''] = record.split(FIELD)
      const lines = message.split('\n').map((line) => line.trim())
      return { hash, subject, lines: lines.filter((line) => NAMES_A_COMMIT.test(line)) }
    })
}

/** Names of the revisions whose history contains a commit. One call asks for all tags, so git walks the history once. */
async function holdersOf(hash: string, revisions: readonly Revision[], git: Git): Promise<ReadonlySet<string>> {
  const tags = revisions.filter(({ isTag }) => isTag).map(refOf)
  const args = ['for-each-ref', '--contains', hash, '--format=%(refname:strip=2)', ...tags]
  const listed = tags.length === 0 ? null : await git(args)
  const held = new Set((listed ?? '').split('\n').filter(Boolean))
  for (const revision of revisions.filter(({ isTag }) => !isTag)) {
    if ((await git(['merge-base', '--is-ancestor', hash, refOf(revision)], true)) !== null) held.add(revision.name)
  }
  return held
}
