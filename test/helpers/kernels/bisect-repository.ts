/**
 * A history to bisect: Debian's source of a line in a git repository, and commits upon it that each do something to mm/ or
 * fs/. Most do no harm; what the others do is asked for.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { exists, publishFolder } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { fetchSource, findSource } from '#harness/kernels/tree/source/source.ts'
import { CONTROLS } from '#run/prepare/controls.ts'

/** Files that every configuration of ours compiles. */
const FILES = [
  'mm/filemap.c',
  'mm/madvise.c',
  'mm/mlock.c',
  'mm/mmap.c',
  'mm/mprotect.c',
  'mm/mremap.c',
  'mm/swap.c',
  'mm/truncate.c',
  'mm/util.c',
  'mm/vmscan.c',
  'fs/attr.c',
  'fs/dcache.c',
  'fs/exec.c',
  'fs/fcntl.c',
  'fs/inode.c',
  'fs/namei.c',
  'fs/open.c',
  'fs/pipe.c',
  'fs/read_write.c',
  'fs/readdir.c',
  'fs/stat.c',
  'fs/super.c',
  'fs/sync.c',
  'fs/xattr.c',
]

/** One commit: new contents of some files, from their contents before it. */
interface Commit {
  readonly subject: string
  readonly files: Readonly<Record<string, (before: string) => string>>
}

/** What is beside the commit that is looked for. */
export type Trouble = 'none' | 'does-not-build' | 'panics' | 'warns'

export interface Wanted {
  readonly line: string
  /** Fix of vm-images/controls whose patch is the change that is looked for. */
  readonly control: string
  /** The patch comes in, or it was there from the beginning and goes. */
  readonly change: 'bug' | 'fix'
  readonly commits: number
  /** Number of the commit that is looked for, from 1. */
  readonly at: number
  readonly trouble: Trouble
  /** Goes into every edit, so that no kernel of an earlier history is one of this. */
  readonly seed: number
}

export interface History {
  readonly old: string
  readonly new: string
  /** The commit that must be found. */
  readonly culprit: string
  /** Commits that can give no answer. */
  readonly dumb: readonly string[]
}

export interface Repository {
  readonly path: string
  readonly base: string
  readonly make: (wanted: Wanted) => Promise<History>
  readonly remove: () => Promise<void>
}

/**
 * What no configuration of ours compiles, for `git add`: less than a third of the files is left, and configuring and building
 * them gives the same kernel.
 */
export const NOT_COMPILED: readonly string[] = [
  ':(exclude,glob)Documentation/*/**',
  ':(exclude,glob)arch/[!x]*/**',
  ':(exclude,glob)tools/testing/**',
  ':(exclude,glob)tools/perf/**',
  ...['crypto', 'gpu/drm', 'hwmon', 'iio', 'infiniband', 'input', 'media', 'mfd', 'misc', 'mtd', 'net/*', 'pinctrl'].map(code),
  ...['s390', 'scsi', 'soc', 'staging', 'usb', 'video'].map(code),
  ':(exclude,glob)sound/**/*.[ch]',
]

function code(driver: string): string {
  return `:(exclude,glob)drivers/${driver}/**/*.[ch]`
}

/**
 * A bare repository of the test's own that begins with the source of a line, without what `leftOut` excludes. That first
 * commit is made once and lies in the cache; what is committed upon it goes into the test's folder.
 */
export async function newRepository(line: string, context: KernelContext, leftOut: readonly string[] = []): Promise<Repository> {
  const first = await firstCommit(line, context, leftOut)
  const place = await mkdtemp(join(tmpdir(), 'kwitness-bisect-'))
  const path = join(place, 'linux.git')
  await runCommand('git', ['init', '--quiet', '--bare', path])
  await writeFile(join(path, 'objects', 'info', 'alternates'), `${join(first, 'objects')}\n`)
  const git = async (...args: string[]) => (await runCommand('git', ['-C', path, ...args])).stdout
  const base = (await readFile(join(first, 'base'), 'utf8')).trim()
  // runCommand takes the last newline away, and sources end in one.
  const read = async (file: string) => `${await git('show', `${base}:${file}`)}\n`
  const make = (wanted: Wanted) => write(path, base, read, wanted)
  return { path, base, make, remove: () => rm(place, { recursive: true, force: true }) }
}

/** The repository with the source as its one commit, whose hash is in its file `base`. */
async function firstCommit(line: string, context: KernelContext, leftOut: readonly string[]): Promise<string> {
  const source = await findSource({ kind: 'debian', package: `linux-source-${line}`, build: null }, context)
  const key = createHash('sha256')
    .update(JSON.stringify([source.key, leftOut]))
    .digest('hex')
    .slice(0, 16)
  const path = join(context.workspace.cache, 'test-repositories', `linux-${line}-${key}.git`)
  if (await exists(path)) return path
  const folder = await fetchSource(source, context)
  return publishFolder(path, async (temporary) => {
    await runCommand('git', ['init', '--quiet', '--bare', temporary])
    // Whatever its size a file goes straight into one pack: seventy thousand files would each be a file again.
    const quick = ['-c', 'core.bigFileThreshold=1', '-c', 'core.compression=1', '-c', 'core.fsync=none']
    const add = [`--git-dir=${temporary}`, `--work-tree=${folder}`, ...quick, 'add', '--all', '--force', '.', ...leftOut]
    await runCommand('git', add, { cwd: folder })
    const git = async (...args: string[]) => (await runCommand('git', ['-C', temporary, ...IDENTITY, ...args])).stdout
    const base = await git('commit-tree', '-m', `Linux ${source.version}`, await git('write-tree'))
    await writeFile(join(temporary, 'base'), `${base}\n`)
  })
}

const IDENTITY = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org']

/** An edit that changes what is compiled, and nothing of what it does; every sixth is a comment alone. */
function harmless(number: number, seed: number): Commit {
  const file = FILES[(number * 7 + seed) % FILES.length] ?? ''
  const text = number % 6 === 0 ? `/* edit ${number} of ${seed} */\n` : `static const int __used edit_${number} = ${seed};\n`
  return { subject: `${dirname(file)}: harmless edit ${number}`, files: { [file]: (before) => `${before}\n${text}` } }
}

/** Commits that give no answer, or a wrong one to whoever takes any splat for the symptom; and the one that ends it. */
function troubled(trouble: Trouble): readonly Commit[] {
  const before = (mark: string, text: string) => (source: string) => source.replace(mark, `${text}${mark}`)
  if (trouble === 'does-not-build') {
    const broken = '\n#error this does not build\n'
    return [
      { subject: 'fs: does not build', files: { 'fs/statfs.c': (source) => `${source}${broken}` } },
      { subject: 'fs: still does not build', files: { 'fs/utimes.c': (source) => `${source}\n/* so much for that */\n` } },
      { subject: 'fs: builds again', files: { 'fs/statfs.c': (source) => source.replace(broken, '') } },
    ]
  }
  if (trouble === 'panics') {
    const panics = '\nstatic int __init stop_here(void)\n{\n\tpanic("stop here");\n}\nearly_initcall(stop_here);\n'
    return [
      { subject: 'fs: panics at boot', files: { 'fs/filesystems.c': (source) => `${source}${panics}` } },
      { subject: 'fs: boots again', files: { 'fs/filesystems.c': (source) => source.replace(panics, '') } },
    ]
  }
  if (trouble === 'none') return []
  const entry = 'SYSCALL_DEFINE1(userfaultfd,'
  const warns = 'static noinline void of_no_importance(void)\n{\n\tWARN(1, "of no importance");\n}\n\n'
  const first = '\tBUG_ON(!current->mm);\n'
  const edit = (source: string) => before(first, '\tof_no_importance();\n')(before(entry, warns)(source))
  return [{ subject: 'fs: warns of something else', files: { 'fs/userfaultfd.c': edit } }]
}

async function write(path: string, base: string, read: (file: string) => Promise<string>, wanted: Wanted): Promise<History> {
  const patch = await readFile(join(CONTROLS, wanted.line, `${wanted.control}.patch`), 'utf8')
  const [, file = ''] = /^\+\+\+ b\/(\S+)$/m.exec(patch) ?? []
  const whole = await read(file)
  const bad = await patched(whole, patch)
  const isBug = wanted.change === 'bug'
  const change = isBug ? bad : whole
  const commits: Commit[] = Array.from({ length: wanted.commits }, (_, index) => harmless(index + 1, wanted.seed))
  const culprit: Commit = { subject: `${dirname(file)}: what is looked for`, files: { [file]: () => change } }
  commits[wanted.at - 1] = culprit
  const trouble = troubled(wanted.trouble)
  // Behind it where there is room, else before it with a commit between that answers.
  const start = wanted.at + trouble.length < wanted.commits ? wanted.at : wanted.at - 1 - trouble.length
  commits.splice(wanted.trouble === 'warns' ? Math.max(0, wanted.at - 2) : start, trouble.length, ...trouble)
  const hashes = await importCommits(path, base, isBug ? {} : { [file]: bad }, commits, read)
  // Where an edit makes way for what troubles, its place is known by what it is.
  const at = (commit: Commit | undefined) => hashes[commits.findIndex((one) => one === commit) + 1] ?? ''
  return {
    old: hashes[0] ?? '',
    new: at(commits.at(-1)),
    culprit: at(culprit),
    dumb: wanted.trouble === 'warns' ? [] : trouble.slice(0, -1).map(at),
  }
}

async function patched(text: string, patch: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-patch-'))
  try {
    await writeFile(join(folder, 'file'), text)
    await runCommand('patch', ['--fuzz=0', '--no-backup-if-mismatch', join(folder, 'file')], { input: patch })
    return await readFile(join(folder, 'file'), 'utf8')
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Write the commits as one pack; gives their hashes, that of the commit they begin from first. */
async function importCommits(
  path: string,
  base: string,
  first: Readonly<Record<string, string>>,
  commits: readonly Commit[],
  read: (file: string) => Promise<string>,
): Promise<string[]> {
  const contents = new Map(Object.entries(first))
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const file = (name: string, text: string) => `M 100644 inline ${name}\n${data(text)}`
  const branch = `refs/heads/history-${process.pid}-${performance.now().toString().replace('.', '-')}`
  const head = (number: number, subject: string) =>
    `commit ${branch}\nmark :${number}\ncommitter Test <test@example.org> ${1_600_000_000 + number} +0000\n${data(subject)}`
  const all = Object.entries(first).map(([name, text]) => file(name, text))
  const stream = [`${head(1, 'the beginning')}from ${base}\n${all.join('')}\n`]
  for (const [index, { subject, files }] of commits.entries()) {
    const changes: string[] = []
    for (const [name, edit] of Object.entries(files)) {
      const text = edit(contents.get(name) ?? (await read(name)))
      contents.set(name, text)
      changes.push(file(name, text))
    }
    stream.push(`${head(index + 2, `${subject}\n\nSigned-off-by: Test <test@example.org>`)}${changes.join('')}\n`)
  }
  await runCommand('git', ['-C', path, 'fast-import', '--quiet'], { input: stream.join('') })
  const { stdout } = await runCommand('git', ['-C', path, 'rev-list', '--reverse', `${base}..${branch}`])
  return stdout.trim().split('\n')
}
