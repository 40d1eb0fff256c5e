/**
 * git does the bisecting, in a bare repository of our own with the objects of the user's repository as alternates: it does not
 * write there and checks out no file. Each start builds its state from the known answers, so a kill leaves nothing inconsistent.
 */
import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findCommit, runGit, runGitOnObjects } from '#harness/support/git.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { nextCommit } from '#analysis/bisect/report.ts'
import type { BisectEnd, BisectMark, BisectRequest, NamedCommit, ReportCommit } from '#domain/report/bisect.ts'
import { InfraError, UserError } from '#domain/errors.ts'

/** What git needs to begin. */
export interface GitRange {
  readonly tree: string
  readonly old: string
  readonly new: string
  readonly paths: readonly string[]
  readonly firstParent: boolean
  readonly terms: { readonly old: string; readonly new: string }
  /** Commits that are marked before the first test. */
  readonly knownMarks: BisectRequest['knownMarks']
}

/** Where git is: a commit to judge, or the end. */
type GitState = { readonly kind: 'next'; readonly commit: string; /** Candidates left. */ readonly left: number } | BisectEnd

async function gitIn(folder: string, args: readonly string[], signal?: AbortSignal) {
  return runGit(folder, args, { repository: folder, anyExit: true, signal })
}

/** The commit that a revision of the user's repository names. Throws UserError when there is none. */
export async function resolveCommit(tree: string, name: string): Promise<NamedCommit> {
  const commit = await findCommit(tree, name)
  if (commit !== null) return { name, commit }
  throw new UserError(`${tree} has no commit ${name}`, 'give a tag, a branch or a hash of that repository')
}

/** Those of the commits that are not an ancestor of another of them. */
export async function nearestOf(tree: string, commits: readonly string[]): Promise<string[]> {
  const { stdout } = await runGit(tree, ['merge-base', '--independent', ...commits])
  return stdout.trim().split('\n')
}

/** Subject, author and trailers of a commit. */
export async function describeCommit(tree: string, commit: string): Promise<ReportCommit> {
  const format = '%H%x00%an <%ae>%x00%cs%x00%s%x00%(trailers:only,unfold)'
  const { stdout } = await runGitOnObjects(tree, ['show', '--no-patch', `--format=${format}`, commit])
  const [hash = commit, author = '', date = '', subject = '', trailers = ''] = stdout.split('\0')
  return { commit: hash, author, date, subject, trailers: trailers.split('\n').filter((line) => line !== '') }
}

/** A bisection that git does in a repository of our own. Its methods throw UserError with git's words when git refuses. */
export class GitBisect {
  readonly #folder: string
  readonly #range: GitRange
  readonly #signal: AbortSignal | undefined

  private constructor(folder: string, range: GitRange, signal: AbortSignal | undefined) {
    this.#folder = folder
    this.#range = range
    this.#signal = signal
  }

  /** Begin in `folder`, which is emptied first, with the marks that are known already. */
  static async start(folder: string, range: GitRange, signal?: AbortSignal): Promise<GitBisect> {
    const bisect = new GitBisect(folder, range, signal)
    await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
    await bisect.#git(['init', '--quiet', '--bare', folder])
    await borrowObjects(range.tree, folder)
    await bisect.#git(['update-ref', '--no-deref', 'HEAD', range.new])
    const { old, new: newer } = range.terms
    const terms = [`--term-old=${old}`, `--term-new=${newer}`]
    await bisect.#git(['bisect', 'start', ...terms, ...bisect.#parents(), range.new, range.old, '--', ...range.paths])
    for (const commit of range.knownMarks.old) await bisect.#markAs(old, commit)
    for (const commit of range.knownMarks.skip) await bisect.#markAs('skip', commit)
    return bisect
  }

  /** Mark a commit. */
  mark(mark: BisectMark, commit: string): Promise<void> {
    return this.#markAs(mark === 'skip' ? mark : this.#range.terms[mark], commit)
  }

  /** The commit to judge next, or the end. */
  async state(): Promise<GitState> {
    const text = await this.log()
    const { new: newer } = this.#range.terms
    const [, found] = new RegExp(`^# first ${newer} commit: \\[([0-9a-f]+)\\]`, 'm').exec(text) ?? []
    if (found !== undefined) return { kind: 'found', commit: found }
    const possible = [...text.matchAll(new RegExp(`^# possible first ${newer} commit: \\[([0-9a-f]+)\\]`, 'gm'))]
    if (possible.length > 0) return { kind: 'one-of', commits: possible.map(([, commit = '']) => commit) }
    const far = await this.#git(['rev-parse', '--verify', 'BISECT_HEAD'])
    const skipped = new Set(await this.#refs('skip-'))
    if (skipped.size === 0) return { kind: 'next', commit: far, left: (await this.candidates()).length }
    const left = await this.#among('--reverse', '--topo-order')
    const isLinear = left.includes(far) && (this.#range.firstParent || (await this.#among('--min-parents=2')).length === 0)
    return { kind: 'next', commit: isLinear ? nextCommit(left, skipped, far) : far, left: left.length }
  }

  /** The log as `git bisect replay` reads it. */
  log(): Promise<string> {
    return this.#git(['bisect', 'log'])
  }

  /** Commits that the target is among. */
  candidates(): Promise<string[]> {
    return this.#among()
  }

  async #markAs(word: string, commit: string): Promise<void> {
    const { exitCode, stdout, stderr } = await gitIn(this.#folder, ['bisect', word, commit], this.#signal)
    // 2: only skipped commits are left.
    if (exitCode !== 0 && exitCode !== 2) throw refused(this.#range, ['bisect', word], `${stderr}\n${stdout}`)
  }

  /** Hashes behind the refs of git bisect that begin so. */
  async #refs(kind: string): Promise<string[]> {
    return linesOf(await this.#git(['for-each-ref', '--format=%(objectname)', `refs/bisect/${kind}*`]))
  }

  /** Commits between the marks, as `rev-list` gives them with these options. */
  async #among(...options: string[]): Promise<string[]> {
    const { terms, paths } = this.#range
    const ends = [`refs/bisect/${terms.new}`, '--not', ...(await this.#refs(`${terms.old}-`))]
    return linesOf(await this.#git(['rev-list', ...options, ...this.#parents(), ...ends, '--', ...paths]))
  }

  #parents(): string[] {
    return this.#range.firstParent ? ['--first-parent'] : []
  }

  async #git(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await gitIn(this.#folder, args, this.#signal)
    if (exitCode !== 0) throw refused(this.#range, args, `${stderr}\n${stdout}`)
    return stdout.trim()
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

async function borrowObjects(tree: string, folder: string): Promise<void> {
  const find = async (name: string) => {
    const { stdout } = await runGit(tree, ['rev-parse', '--git-path', name])
    return resolve(tree, stdout.trim())
  }
  await writeFile(join(folder, 'objects', 'info', 'alternates'), `${await find('objects')}\n`)
  // A shallow repository needs its list of cut-off commits here, too.
  await copyFile(await find('shallow'), join(folder, 'shallow')).catch(() => {})
}

function refused({ tree, old }: GitRange, args: readonly string[], said: string): Error {
  const why =
    said
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '') ?? 'it printed nothing'
  if (/No space left|unable to write|Disk quota/.test(said)) return new InfraError(`git cannot bisect: ${why}`, 'free some space')
  return new UserError(`git ${args.slice(0, 2).join(' ')} refuses in ${tree}: ${why}`, `is ${old} an ancestor of the new end?`)
}
