/** What a git history has of a patch: the patch itself, and the commits that its rejected hunks depend on. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import type { Commit, HunkTry, PatchTry } from '#domain/report/verify.ts'

/** Whether a folder is a git tree (or a bare repository); false where there is no git. */
export async function isGitTree(path: string): Promise<boolean> {
  const [tree, bare] = await Promise.all(['.git', 'HEAD'].map((name) => stat(join(path, name)).catch(() => null)))
  return (tree !== null || bare !== null) && (await git(path, ['rev-parse', '--git-dir'])) !== null
}

/** A commit, or a range of commits (`A..B`), in mbox form; null when the repository does not have it. */
export async function formatPatches(path: string, revision: string): Promise<string | null> {
  if (!/^[^-\s]\S*$/.test(revision)) return null
  const what = revision.includes('..') ? [revision] : ['-1', revision]
  return git(path, ['format-patch', '--stdout', '--no-signature', ...what, '--'])
}

/**
 * The same tries with the commits that each rejected hunk depends on: those between the base and the patch's parent that touch
 * its lines and whose subject is not in the base. Where the history does not have the patch, nothing is added.
 */
export async function withPrerequisites(tries: readonly PatchTry[], path: string, base: string): Promise<PatchTry[]> {
  return Promise.all(
    tries.map(async (one) => {
      if (!one.hunks.some(({ state }) => state === 'rejected')) return one
      const parent = await parentOf(path, one.commits)
      if (parent === null) return one
      const known = await subjectsOf(path, base, parent)
      const hunks: HunkTry[] = []
      for (const hunk of one.hunks) {
        if (hunk.state !== 'rejected') hunks.push(hunk)
        else hunks.push({ ...hunk, prerequisites: await touching(path, base, parent, hunk, known) })
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
  const list = await git(path, ['log', '--format=%s', base, `^${parent}`, '--'])
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
  const exact = line > 0 ? await git(path, ['log', '-s', `-L${line},${last}:${file}`, ...range]) : null
  const list = exact ?? (await git(path, ['log', ...range, '--', file])) ?? ''
  return list.split('\n').flatMap((one): Commit[] => {
    const [, hash, subject = ''] = /^([0-9a-f]{40,64})\t(.*)$/.exec(one) ?? []
    return hash === undefined || known.has(subject) ? [] : [{ hash, subject }]
  })
}

/** What git prints; null when it fails or is not installed. */
async function git(path: string, args: readonly string[]): Promise<string | null> {
  const result = await runCommand('git', ['-C', path, ...args], { anyExit: true, env: { LC_ALL: 'C' } }).catch(() => null)
  return result?.exitCode === 0 ? result.stdout : null
}
