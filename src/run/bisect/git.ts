/**
 * git does the bisecting, in a bare repository of our own that borrows the objects of the user's: nothing is written there,
 * and no file is checked out. Its state is made anew from the answers each time, so no kill can leave it half-way.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { nextCommit } from '#analysis/bisect/report.ts'
import type { BisectEnd, BisectRequest, BisectMark, NamedCommit, ReportCommit } from '#domain/report/bisect.ts'
import { InfraError, UserError } from '#domain/errors.ts'

/** What git has to be told to begin. */
export interface GitRange {
  readonly tree: string
  readonly old: string
  readonly new: string
  readonly paths: readonly string[]
  readonly firstParent: boolean
  readonly terms: { readonly old: string; readonly new: string }
  /** Commits marked before the first that is asked. */
  readonly knownMarks: BisectRequest['knownMarks']
}

/** Where git is: a commit to judge, or the end. */
type GitState = { readonly kind: 'next'; readonly commit: string; /** Candidates left. */ readonly left: number } | BisectEnd

export interface GitBisect {
  readonly mark: (mark: BisectMark, commit: string) => Promise<void>
  readonly state: () => Promise<GitState>
  readonly log: () => Promise<string>
  /** Commits that the one looked for is among. */
  readonly candidates: () => Promise<string[]>
}

/** No hook, configuration or replaced object of the user's has a say. */
const PLAIN = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_NO_REPLACE_OBJECTS: '1', LC_ALL: 'C' }

async function gitIn(folder: string, args: readonly string[], signal?: AbortSignal) {
  const options = { env: { ...PLAIN, GIT_DIR: folder }, cwd: folder, anyExit: true }
  return runCommand('git', [...args], { ...options, ...(signal === undefined ? {} : { signal }) })
}

/** The commit a revision of the user's repository means. Throws UserError when it means none. */
export async function resolveCommit(tree: string, name: string): Promise<NamedCommit> {
  const args = ['-C', tree, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
  const { stdout, exitCode } = await runCommand('git', args, { anyExit: true })
  if (exitCode === 0) return { name, commit: stdout.trim() }
  throw new UserError(`${tree} has no commit ${name}`, 'give a tag, a branch or a hash of that repository')
}

/** Those of some commits that are no ancestor of another of them: what they bound together. */
export async function nearestOf(tree: string, commits: readonly string[]): Promise<string[]> {
  const { stdout } = await runCommand('git', ['-C', tree, 'merge-base', '--independent', ...commits])
  return stdout.trim().split('\n')
}

/** Subject, author and trailers of a commit. */
export async function describeCommit(tree: string, commit: string): Promise<ReportCommit> {
  const format = '%H%x00%an <%ae>%x00%cs%x00%s%x00%(trailers:only,unfold)'
  const { stdout } = await runCommand('git', ['-C', tree, 'show', '--no-patch', `--format=${format}`, commit])
  const [hash = commit, author = '', date = '', subject = '', trailers = ''] = stdout.split('\0')
  return { commit: hash, author, date, subject, trailers: trailers.split('\n').filter((line) => line !== '') }
}

/** Begin in `folder`, from nothing. Throws UserError with git's words when it refuses. */
export async function startBisect(folder: string, range: GitRange, signal?: AbortSignal): Promise<GitBisect> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const git = async (args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await gitIn(folder, args, signal)
    if (exitCode !== 0) throw refused(range, args, `${stderr}\n${stdout}`)
    return stdout.trim()
  }
  await git(['init', '--quiet', '--bare', folder])
  await borrowObjects(range.tree, folder)
  await git(['update-ref', '--no-deref', 'HEAD', range.new])
  const { old, new: newer } = range.terms
  const parents = range.firstParent ? ['--first-parent'] : []
  const terms = [`--term-old=${old}`, `--term-new=${newer}`]
  await git(['bisect', 'start', ...terms, ...parents, range.new, range.old, '--', ...range.paths])
  const log = () => git(['bisect', 'log'])
  const mark = async (word: string, commit: string) => {
    const { exitCode, stdout, stderr } = await gitIn(folder, ['bisect', word, commit], signal)
    // 2: only skipped commits are left.
    if (exitCode !== 0 && exitCode !== 2) throw refused(range, ['bisect', word], `${stderr}\n${stdout}`)
  }
  for (const commit of range.knownMarks.old) await mark(old, commit)
  for (const commit of range.knownMarks.skip) await mark('skip', commit)
  const refs = async (kind: string) =>
    (await git(['for-each-ref', '--format=%(objectname)', `refs/bisect/${kind}*`])).split('\n').filter((line) => line !== '')
  const among = async (...how: string[]) => {
    const ends = [`refs/bisect/${newer}`, '--not', ...(await refs(`${old}-`))]
    const list = await git(['rev-list', ...how, ...parents, ...ends, '--', ...range.paths])
    return list.split('\n').filter((line) => line !== '')
  }
  return {
    log,
    candidates: () => among(),
    mark: (what, commit) => mark(what === 'skip' ? what : range.terms[what], commit),
    state: async () => {
      const text = await log()
      const [, found] = new RegExp(`^# first ${newer} commit: \\[([0-9a-f]+)\\]`, 'm').exec(text) ?? []
      if (found !== undefined) return { kind: 'found', commit: found }
      const possible = [...text.matchAll(new RegExp(`^# possible first ${newer} commit: \\[([0-9a-f]+)\\]`, 'gm'))]
      if (possible.length > 0) return { kind: 'one-of', commits: possible.map(([, commit = '']) => commit) }
      const far = await git(['rev-parse', '--verify', 'BISECT_HEAD'])
      const skipped = new Set(await refs('skip-'))
      if (skipped.size === 0) return { kind: 'next', commit: far, left: (await among()).length }
      const left = await among('--reverse', '--topo-order')
      const isLine = left.includes(far) && (range.firstParent || (await among('--min-parents=2')).length === 0)
      return { kind: 'next', commit: isLine ? nextCommit(left, skipped, far) : far, left: left.length }
    },
  }
}

async function borrowObjects(tree: string, folder: string): Promise<void> {
  const find = async (name: string) => {
    const { stdout } = await runCommand('git', ['-C', tree, 'rev-parse', '--git-path', name])
    return resolve(tree, stdout.trim())
  }
  await writeFile(join(folder, 'objects', 'info', 'alternates'), `${await find('objects')}\n`)
  // A history that was cut off is cut off here, too.
  await copyFile(await find('shallow'), join(folder, 'shallow')).catch(() => {})
}

function refused({ tree, old }: GitRange, args: readonly string[], said: string): Error {
  const why =
    said
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'it said nothing'
  if (/No space left|unable to write|Disk quota/.test(said)) return new InfraError(`git cannot bisect: ${why}`, 'free some space')
  return new UserError(`git ${args.slice(0, 2).join(' ')} refuses in ${tree}: ${why}`, `is ${old} an ancestor of the new end?`)
}
