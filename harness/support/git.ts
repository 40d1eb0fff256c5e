/**
 * Every call of git, and of scripts that call git or tar: the one place that makes their environment. The configuration and
 * the variables of the caller do not change an answer, see docs/decisions/030.
 */
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand, type Finished, type RunOptions } from './process.ts'

/**
 * Git directories without objects, references and attributes: objects are read through the one of their hashes. They are
 * marked precious, for there every object of a repository is one that nothing refers to.
 */
const READERS = {
  sha1: join(import.meta.dirname, 'reader.git'),
  sha256: join(import.meta.dirname, 'reader-sha256.git'),
}

/** Settings that a repository's own configuration cannot override, for calls that must run in it. */
const SETTINGS: Readonly<Record<string, string>> = {
  'apply.ignoreWhitespace': 'no',
  'apply.whitespace': 'warn',
  'core.attributesFile': '/dev/null',
  'core.autocrlf': 'false',
  'core.eol': 'lf',
  'core.excludesFile': '/dev/null',
  'core.fsmonitor': 'false',
  'core.hooksPath': '/dev/null',
  'core.quotePath': 'true',
  'core.untrackedCache': 'false',
  'diff.algorithm': 'myers',
  'diff.context': '3',
  'diff.dstPrefix': 'b/',
  'diff.ignoreSubmodules': 'none',
  'diff.indentHeuristic': 'true',
  'diff.interHunkContext': '0',
  'diff.mnemonicPrefix': 'false',
  'diff.noprefix': 'false',
  'diff.orderFile': '/dev/null',
  'diff.renames': 'true',
  'diff.srcPrefix': 'a/',
  'diff.submodule': 'short',
  'diff.suppressBlankEmpty': 'false',
  'format.coverLetter': 'false',
  'format.notes': 'false',
  'format.signOff': 'false',
  'format.useAutoBase': 'false',
  'gc.auto': '0',
  'i18n.commitEncoding': 'UTF-8',
  'i18n.logOutputEncoding': 'UTF-8',
  'log.diffMerges': 'separate',
  'log.follow': 'false',
  'log.showSignature': 'false',
  'maintenance.auto': 'false',
  'tar.umask': '0002',
}

/** Variables of every call: no configuration but ours, no replaced objects or grafts, no locks, no questions. */
const VARIABLES: Readonly<Record<string, string>> = {
  GIT_ATTR_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_GRAFT_FILE: '/dev/null',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_PAGER: 'cat',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
}

/** Where git finds the caller's configuration: variables that only the two functions that read it may pass on. */
const callersConfiguration = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('GIT_CONFIG'))) as Record<string, string>

let trusted: { readonly key: string; readonly folders: Promise<readonly string[]> } | null = null

/** Folders that the caller's and the system's configuration call safe: the one setting of theirs that is kept. */
function trustedFolders(): Promise<readonly string[]> {
  const given = callersConfiguration()
  const key = JSON.stringify([process.env['HOME'], process.env['XDG_CONFIG_HOME'], given])
  if (trusted?.key === key) return trusted.folders
  const options = { cwd: '/', anyExit: true, env: { ...given, GIT_DIR: '/dev/null', LC_ALL: 'C' } }
  const folders = runCommand('git', ['config', '--null', '--get-all', 'safe.directory'], options).then(
    ({ stdout, exitCode }) => (exitCode === 0 ? stdout.split('\0').slice(0, -1) : []),
    () => [],
  )
  trusted = { key, folders }
  return folders
}

/** A name and its value. */
type Setting = readonly [string, string]

/** A word of GIT_CONFIG_PARAMETERS, which alone git reads before 2.31, and then only as one with the value. */
const parameter = ([key, value]: Setting) =>
  key.includes('=') ? `${inQuotes(key)}=${inQuotes(value)}` : inQuotes(`${key}=${value}`)

/** The environment of git, and of scripts that call git or tar. */
async function gitEnvironment(further: readonly Setting[] = []): Promise<Record<string, string>> {
  const trust = (await trustedFolders()).map((folder): Setting => ['safe.directory', folder])
  const settings = [...further, ...Object.entries(SETTINGS), ...trust]
  return { ...VARIABLES, GIT_CONFIG_PARAMETERS: settings.map(parameter).join(' ') }
}

type GitOptions = Omit<RunOptions, 'env'> & {
  /** Where git is to look for its repository, instead of the folder and those above it. */
  readonly repository?: string
}

/**
 * Run git in the repository of a folder; with null in none, for what needs no repository.
 * Throws what runCommand throws, and UserError, whatever `anyExit` says, for a repository that git does not trust.
 */
export async function runGit(folder: string | null, args: readonly string[], options: GitOptions = {}): Promise<Finished> {
  const { repository = folder === null ? '/dev/null' : undefined, ...rest } = options
  const own = repository === undefined ? {} : { GIT_DIR: repository }
  const env = { ...(await gitEnvironment()), ...own }
  return checked(await runAny('git', folder === null ? args : ['-C', folder, ...args], rest, env), rest, 'git', args)
}

/**
 * Run git on objects of a repository, named by their hashes: with none of its configuration, attributes and references.
 * Throws as runGit does.
 */
export async function runGitOnObjects(folder: string, args: readonly string[], options: GitOptions = {}): Promise<Finished> {
  // git would take the attributes in the current folder for those of the repository.
  const placed = { cwd: '/', ...options }
  return checked(await runAny('git', args, placed, await objectsEnvironment(folder)), options, 'git', args)
}

/**
 * Run a bash script (with errexit, nounset and pipefail) in the environment of git and tar. With `objectsOf`, git finds the
 * objects of that repository. Throws as runGit does.
 */
export async function runScript(
  script: string,
  args: readonly string[],
  { objectsOf: folder, ...options }: Omit<RunOptions, 'env'> & { readonly objectsOf?: string | undefined } = {},
): Promise<Finished> {
  const env = folder === undefined ? await gitEnvironment() : await objectsEnvironment(folder)
  const words = ['-c', `set -euo pipefail\n${script}`, 'bash', ...args]
  return checked(await runAny('bash', words, options, env), options, 'bash', [])
}

/** A setting of the user, such as `user.name`; null where there is none, or no git. */
export async function readUserSetting(key: string): Promise<string | null> {
  const result = await runCommand('git', ['config', key], { anyExit: true, env: callersConfiguration() }).catch(() => null)
  return result?.exitCode === 0 ? result.stdout.trim() : null
}

/** Where a repository has what is read of it. */
interface Repository {
  readonly objects: string
  readonly shallow: string
  /** The git directory through which its objects are read. */
  readonly reader: string
  /** Of its configuration, what says from where and how git fetches what a partial clone lacks. */
  readonly fetching: readonly Setting[]
  /** The files of its configuration, and what they were when it was read. */
  readonly files: readonly string[]
  readonly stamp: string
}

/** By folder and what trusts it: two processes of git are too many beside each that reads an object. */
const repositories = new Map<string, Promise<Repository>>()

const FETCHING =
  '^(extensions\\.partialclone|core\\.(sshcommand|gitproxy|askpass)|(url|ssh|http|credential|protocol)\\..*|' +
  'remote\\..*\\.(promisor|partialclonefilter|url|vcs|uploadpack|proxy|proxyauthmethod))$'

async function readRepository(folder: string): Promise<Repository> {
  const places = ['objects', 'shallow', 'config', 'config.worktree'].flatMap((name) => ['--git-path', name])
  const { stdout } = await runGit(folder, ['rev-parse', '--show-object-format', ...places])
  const [format, ...paths] = stdout.split('\n')
  const [objects = '', shallow = '', ...files] = paths.map((path) => resolve(folder, path))
  const stamp = await stampOf(files)
  const found = await runGit(folder, ['config', '--null', '--get-regexp', FETCHING], { anyExit: true })
  const reader = format === 'sha256' ? READERS.sha256 : READERS.sha1
  return { objects, shallow, reader, fetching: fetchingOf(found.stdout), files, stamp }
}

/** The settings in what `git config --null` prints; none where no remote has promised what is missing. */
function fetchingOf(text: string): Setting[] {
  const settings = text
    .split('\0')
    .slice(0, -1)
    // A name without a value is true.
    .map((entry) => entry.split(/\n(.*)/s))
    .map(([key = '', value = 'true']): Setting =>
      key === 'extensions.partialclone' ? [`remote.${value}.promisor`, 'true'] : [key, value],
    )
  const promised = settings.filter(([key]) => /^remote\..*\.promisor$/s.test(key))
  // Where a remote has no filter, git would write one into the configuration.
  const filters = promised.map(([key]): Setting => [key.replace(/promisor$/, 'partialclonefilter'), 'blob:none'])
  return promised.length === 0 ? [] : [...filters, ...settings]
}

/** What differs where a file was written again or is another one. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file, { bigint: true }).catch(() => null)))
  return stats.map((one) => (one ? [one.ino, one.size, one.mtimeNs, one.ctimeNs].join(' ') : '-')).join('; ')
}

/** The repository of a folder, read again where its configuration changed or it is gone. */
async function repositoryOf(folder: string): Promise<Repository> {
  const place = resolve(folder)
  const key = JSON.stringify([place, await trustedFolders()])
  const known = await repositories.get(key)
  if (known && (await stampOf(known.files)) === known.stamp) return known
  const read = readRepository(place)
  repositories.set(key, read)
  // What failed is asked again.
  read.catch(() => repositories.delete(key))
  return read
}

/** The environment in which git finds the objects of a repository, and nothing else of it. */
async function objectsEnvironment(folder: string): Promise<Record<string, string>> {
  const { objects, shallow, reader, fetching } = await repositoryOf(folder)
  const env = await gitEnvironment(fetching)
  const isShallow = (await stat(shallow).catch(() => null)) !== null
  return { ...env, GIT_DIR: reader, GIT_OBJECT_DIRECTORY: objects, ...(isShallow ? { GIT_SHALLOW_FILE: shallow } : {}) }
}

const runAny = (command: string, args: readonly string[], options: RunOptions, env: Record<string, string>) =>
  runCommand(command, args, { ...options, anyExit: true, env })

/** The result, unless git refused a folder of another user, or the command failed and the caller wanted none of that. */
function checked(result: Finished, { anyExit }: RunOptions, command: string, args: readonly string[]): Finished {
  if (result.exitCode === 0) return result
  const [, folder] = /detected dubious ownership in repository at '(.+)'/.exec(result.stderr) ?? []
  if (folder !== undefined) {
    const hint = `if you trust it: git config --global --add safe.directory ${quoted(folder)}`
    throw new UserError(`git does not read ${folder}: it belongs to another user`, hint)
  }
  if (anyExit === true) return result
  const last = result.stderr.trim().split('\n').at(-1) ?? ''
  const what = [command, ...args].join(' ')
  throw new InfraError(`${what} ended with exit code ${result.exitCode}${last && `: ${last}`}`)
}

/** The commit that a revision of a repository names; null where there is none. Throws UserError as refuseUnreadable does. */
export async function findCommit(folder: string, revision: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]
  const result = await runGit(folder, args, { anyExit: true })
  if (result.exitCode === 0) return result.stdout.trim()
  refuseUnreadable(folder, result)
  return null
}

/**
 * Throws UserError, in git's words, where git failed for another reason than that there is no such revision or repository: a
 * setting that git refuses, a damaged repository.
 */
export function refuseUnreadable(folder: string, { exitCode, stderr }: Finished): void {
  if (exitCode <= 1 || stderr === '' || /^fatal: not a git repository/m.test(stderr)) return
  const last = stderr.trim().split('\n').at(-1)
  throw new UserError(`git cannot read ${folder}: ${last}`, `see what git -C ${quoted(folder)} log says`)
}

const inQuotes = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** A word for a shell. */
const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : inQuotes(word))
