/** What a git history has of a patch: the patch itself, and the commits that its rejected hunks depend on. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { refuseUnreadable, runGit, runGitOnObjects } from '#harness/support/git.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Commit, HunkTry, PatchTry } from '#domain/report/verify.ts'

/**
 * Whether a folder is a git tree (or a bare repository); false where there is no git. Throws UserError where git does not trust
 * it.
 */
export async function isGitTree(path: string): Promise<boolean> {
  const [tree, bare] = await Promise.all(['.git', 'HEAD'].map((name) => stat(join(path, name)).catch(() => null)))
  return (tree !== null || bare !== null) && (await git(path, ['rev-parse', '--git-dir'])) !== null
}

/** Options of format-patch that leave nothing to a configuration: the same commit is the same patch in every clone. */
const FORMAT =
  '--stdout --full-index --binary --no-signature --no-attach --no-thread --no-base --no-notes --no-cover-letter --no-signoff ' +
  '--no-ext-diff --no-textconv --src-prefix=a/ --dst-prefix=b/ --subject-prefix=PATCH'

/**
 * A commit, or a range of commits (`A..B`), in mbox form, one character per byte; null when the repository does not have it.
 * Throws UserError for a merge.
 */
export async function formatPatches(path: string, revision: string): Promise<string | null> {
  if (!/^[^-\s]\S*$/.test(revision)) return null
  const isRange = revision.includes('..')
  const named = isRange ? ['--revs-only', revision] : ['--verify', '--quiet', `${revision}^{commit}`]
  const found = (await git(path, ['rev-parse', ...named]))?.split('\n').filter((hash) => /^\^?[0-9a-f]{40,64}$/.test(hash)) ?? []
  if (found.length === 0 || (isRange && found.length < 2)) return null
  if (!isRange && (await git(path, ['rev-parse', '--verify', '--quiet', `${found[0]}^2`])) !== null) {
    throw new UserError(`${revision} is a merge, which is not a patch`, 'name its commits: A..B')
  }
  const { stdout } = await runGitOnObjects(
    path,
    ['format-patch', ...FORMAT.split(' '), ...(isRange ? [] : ['-1']), ...found, '--'],
    {
      bytes: true,
    },
  )
  return stdout
}

/**
 * The same tries with the commits that each rejected hunk depends on: those between the base and the patch's parent that touch
 * its lines and whose subject is not in the base. Where the history does not have the patch, nothing is added.
 */
export async function withPrerequisites(tries: readonly PatchTry[], path: string, base: string): Promise<PatchTry[]> {
  return Promise.all(
    tries.map(async (one) => {
      if (!one.hunks.some(({ state }) => state === 'rejected')) return one
      const from = (await git(path, ['rev-parse', '--verify', '--quiet', `${base}^{commit}`]))?.trim()
      const parent = await parentOf(path, one.commits)
      if (parent === null || from === undefined) return one
      const known = await subjectsOf(path, from, parent)
      const hunks: HunkTry[] = []
      for (const hunk of one.hunks) {
        // What has no hunks cannot be applied to any commit.
        if (hunk.state !== 'rejected' || hunk.hunk === 0) hunks.push(hunk)
        else hunks.push({ ...hunk, prerequisites: await touching(path, from, parent, hunk, known) })
      }
      return { ...one, hunks }
    }),
  )
}

async function parentOf(path: string, commits: readonly string[]): Promise<string | null> {
  for (const hash of commits) {
    const found = await git(path, ['rev-parse', '--verify', '--quiet', `${hash}^`])
    if (found !== null) return found.trim()
  }
  return null
}

/** Subjects of commits that only the base has: backports under another hash. */
async function subjectsOf(path: string, base: string, parent: string): Promise<Set<string>> {
  const list = await logOf(path, ['--format=%s', base, `^${parent}`, '--'])
  return new Set((list ?? '').split('\n').filter((line) => line !== ''))
}

async function touching(
  path: string,
  base: string,
  parent: string,
  { file, line, lines }: HunkTry,
  known: ReadonlySet<string>,
): Promise<Commit[]> {
  const range = ['--no-merges', '--format=%H%x09%s', `${base}..${parent}`]
  const last = Math.max(line, line + lines - 1)
  const exact = line > 0 ? await logOf(path, ['-s', `-L${line},${last}:${file}`, ...range]) : null
  const list = exact ?? (await logOf(path, [...range, '--', file])) ?? ''
  return list.split('\n').flatMap((one): Commit[] => {
    const [, hash, subject = ''] = /^([0-9a-f]{40,64})\t(.*)$/.exec(one) ?? []
    return hash === undefined || known.has(subject) ? [] : [{ hash, subject }]
  })
}

/**
 * What git log prints of these commits, named by their hashes; null when it fails. The objects alone answer: where a
 * configuration made git fail, the hunk would seem to depend on nothing.
 */
async function logOf(path: string, args: readonly string[]): Promise<string | null> {
  const { exitCode, stdout } = await runGitOnObjects(path, ['log', ...args], { anyExit: true })
  return exitCode === 0 ? stdout : null
}

/**
 * What git prints; null when there is no such revision, no repository, or no git. Throws UserError where git does not trust the
 * repository, or cannot read it.
 */
async function git(path: string, args: readonly string[]): Promise<string | null> {
  const result = await runGit(path, args, { anyExit: true }).catch((error: unknown) => {
    if (error instanceof InfraError) return null
    throw error
  })
  if (result?.exitCode === 0) return result.stdout
  if (result) refuseUnreadable(path, result)
  return null
}
