/** A git tree as a witness: which commits of its history are fixes, backports of them or reverts, at each kernel asked for. */
import { UserError } from '#domain/errors.ts'
import type { Fix } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { GitTreeSource, GitTreeCommit, UnavailableSource } from '#domain/claim-sources.ts'
import { readRecipe } from './kernels/tree/source/recipe.ts'
import { runCommand } from './support/process.ts'
import type { Workspace } from './support/workspace.ts'

type AskedFix = Pick<Fix, 'commit' | 'subject'>

/** Lines of a message that name another commit as what it is made from, or what it takes out. */
const SAYS = /^\s*(?:commit [0-9a-f]{12,40} upstream|\[\s*upstream commit |\(cherry picked from commit |This reverts commit )/i
/** Between commits, and between the parts of one: no message holds them. */
const [RECORD, PART] = ['\u0001', '\u0002']

/**
 * What the tree says of these fixes at each of the kernels, by kernel id: at the tag of its version (`v6.1.192`), or at the very
 * revision a kernel was built from. Throws UserError when there is no git tree with a whole history.
 */
export async function readGitTreeSources(
  folder: string,
  kernels: readonly Kernel[],
  fixes: readonly AskedFix[],
  { workspace, signal }: { readonly workspace: Workspace; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, GitTreeSource | UnavailableSource>> {
  const git = gitIn(folder, signal)
  await checkWhole(folder, git)
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

/** Throws UserError when there is no git tree with a whole history: said before a run begins, not when it is nearly over. */
export async function checkHistory(folder: string): Promise<void> {
  await checkWhole(folder, gitIn(folder))
}

async function checkWhole(folder: string, git: Git): Promise<void> {
  if ((await git(['rev-parse', '--is-shallow-repository'])) === 'false') return
  throw new UserError(`the history of ${folder} is cut off`, 'git fetch --unshallow brings all of it')
}

function gitIn(folder: string, signal?: AbortSignal): Git {
  return async (args, mayFail = false) => {
    const options = { anyExit: true, env: { LC_ALL: 'C' }, signal }
    const { exitCode, stdout, stderr } = await runCommand('git', ['-C', folder, ...args], options)
    if (exitCode === 0) return stdout
    if (mayFail) return null
    throw new UserError(`git cannot read ${folder}: ${stderr.trim().split('\n')[0]}`, 'give --git-tree the folder of a git tree')
  }
}

/** Run git in the tree and give its output; null where it may fail and does. Throws UserError where it must not. */
type Git = (args: readonly string[], mayFail?: boolean) => Promise<string | null>

/** What stands for a kernel in the tree. */
interface Revision {
  readonly name: string
  readonly isTag: boolean
}

/** `v6.1.192`, `v7.3-rc7`. */
function tagOf(version: string): string {
  return `v${version.replace('~', '-')}`
}

/** The revision a kernel was built from where that is in this tree, else the tag of its version; null without either. */
async function revisionOf({ id, provider, version }: Kernel, workspace: Workspace, git: Git): Promise<Revision | null> {
  const source = provider === 'tree' ? (await readRecipe(id, workspace))?.source : undefined
  if (source?.place.kind === 'git') {
    const name = source.label.slice(source.label.lastIndexOf('@') + 1)
    if ((await git(['rev-parse', '--verify', '--quiet', `${name}^{tree}`], true)) === source.key) return { name, isTag: false }
  }
  const name = tagOf(version)
  const tag = await git(['rev-parse', '--verify', '--quiet', `refs/tags/${name}^{commit}`], true)
  return tag === null ? null : { name, isTag: true }
}

/** A revision for the command line of git: a branch of the same name must not be taken for a tag. */
const refOf = ({ name, isTag }: Revision): string => (isTag ? `refs/tags/${name}` : name)

/**
 * The commits below any of the revisions that matter to a fix, oldest first. The hash of each is looked for as well, for
 * a revert may name nothing else; mostly that finds no more.
 */
async function findCommits(revisions: readonly Revision[], fixes: readonly AskedFix[], git: Git): Promise<GitTreeCommit[]> {
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

/** Commits as git log gives them; none where it may fail and does, for a hash that this tree does not know. */
async function readLog(args: readonly string[], git: Git, mayFail = false): Promise<GitTreeCommit[]> {
  const text = await git(['log', `--format=${RECORD}%H${PART}%s${PART}%B`, ...args, '--'], mayFail)
  return (text ?? '')
    .split(RECORD)
    .slice(1)
    .map((record) => {
      const [hash = '', subject = '', message = ''] = record.split(PART)
      const lines = message.split('\n').map((line) => line.trim())
      return { hash, subject, lines: lines.filter((line) => SAYS.test(line)) }
    })
}

/** Which of the revisions have a commit in their history, by name. All tags are asked at once: that walks the history once. */
async function holdersOf(hash: string, revisions: readonly Revision[], git: Git): Promise<ReadonlySet<string>> {
  const tags = revisions.filter(({ isTag }) => isTag).map(refOf)
  const ask = ['for-each-ref', '--contains', hash, '--format=%(refname:strip=2)', ...tags]
  const listed = tags.length === 0 ? null : await git(ask)
  const held = new Set((listed ?? '').split('\n').filter(Boolean))
  for (const revision of revisions.filter(({ isTag }) => !isTag)) {
    if ((await git(['merge-base', '--is-ancestor', hash, refOf(revision)], true)) !== null) held.add(revision.name)
  }
  return held
}
