/**
 * Whether a series applies to a source. It is tried on copies of the files it touches, patch by patch: exactly, then whether it
 * is already applied, then with fuzz. The exact patch for that source is the difference between the copies.
 */
import { copyFile, cp, lstat, mkdir, readFile, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { makeFolder } from '#harness/support/workspace.ts'
import { runGit } from '#harness/support/git.ts'
import { runPatch, stripFor } from '#harness/patches/apply.ts'
import { fileOf, isThere, parseDiff, touchedFiles, type FileChange } from '#analysis/patch/diff.ts'
import { obstaclesOf, type ObstacleAt } from '#analysis/patch/obstacles.ts'
import { parsePatchOutput, type PatchResult } from '#analysis/patch/gnu-patch-output.ts'
import { UserError } from '#domain/errors.ts'
import type { ApplyResult, HunkTry, PatchTry, PatchInfo } from '#domain/report/verify.ts'

export interface NamedPatch extends PatchInfo {
  /** Its changes, one character per byte. */
  readonly text: string
}

/** A patch with the number of folders that its paths have before those of the source. */
type Placed = NamedPatch & { readonly strip: number }

export interface Applied {
  /** One for each patch, up to the first that does not apply. */
  readonly tries: readonly PatchTry[]
  /** The first `upTo` patches as one that applies to this source exactly; empty when they change nothing. */
  readonly exactPatch: (upTo: number) => Promise<string>
}

/** Lines of context at either end that may differ; the default of `patch`. */
const FUZZ = 2

/** Try a series on the source in a folder, which is only read. `scratch` is an empty folder for the copies. */
export async function applySeries(
  source: string,
  patches: readonly NamedPatch[],
  scratch: string,
  signal?: AbortSignal,
): Promise<Applied> {
  const placed = placePatches(source, patches)
  const files = [...new Set(placed.flatMap(({ text, strip }) => touchedFiles(text, strip)))].filter(isInside).toSorted()
  const state = (count: number) => join(scratch, String(count))
  await copyFiles(source, files, state(0))
  const tries: PatchTry[] = []
  for (const patch of placed) {
    signal?.throwIfAborted()
    const one = await applyOne(patch, state(tries.length), state(tries.length + 1), signal)
    tries.push(one)
    if (one.result === 'with-conflicts') break
  }
  return { tries, exactPatch: (upTo) => difference(join(scratch, 'difference'), state(0), state(upTo), signal) }
}

/** Find out for each patch where its paths begin, the files that those before it make taken into account. */
function placePatches(source: string, patches: readonly NamedPatch[]): Placed[] {
  const made = new Set<string>()
  return patches.map((patch) => {
    const strip = stripFor(patch.text, source, (path) => made.has(path))
    touchedFiles(patch.text, strip).forEach((file) => made.add(file))
    return { ...patch, strip }
  })
}

const isInside = (path: string) => !normalize(path).startsWith('..') && !path.startsWith('/')

async function copyFiles(from: string, files: readonly string[], to: string): Promise<void> {
  await makeFolder(to)
  for (const file of files) {
    const found = await lstat(join(from, file)).catch(() => null)
    if (!found || !(found.isFile() || found.isSymbolicLink())) continue
    await makeFolder(dirname(join(to, file)))
    if (found.isFile()) await copyFile(join(from, file), join(to, file))
    else await symlink(await readlink(join(from, file)), join(to, file))
  }
}

async function copyState(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true, verbatimSymlinks: true })
}

/** Apply one patch to the files in `before`; the result is in `after`. */
async function applyOne(patch: Placed, before: string, after: string, signal?: AbortSignal): Promise<PatchTry> {
  const { text, strip, name, subject, commits } = patch
  const changes = parseDiff(text, strip)
  const obstacles = obstaclesOf(text, strip)
  const attempt = async (fuzz: number, ...options: readonly string[]) => {
    await copyState(before, after)
    const { exitCode, stdout, stderr } = await runPatch(text, after, { strip, fuzz, more: ['--force', ...options], signal })
    const said = parsePatchOutput(`${stdout}\n${stderr}`)
    if (said.stopped !== null) throw new UserError(`the patch ${name} cannot be read: ${said.stopped}`)
    return { ok: exitCode === 0, said }
  }
  const present = await hunksPresent(changes, before)
  const result = (word: ApplyResult, said: PatchResult): PatchTry => {
    const hunks = changes.flatMap((change) => hunkTries(change, said, present, word))
    return { name, subject, commits, result: word, hunks: [...hunks, ...obstacles.map(obstacleTry)] }
  }
  const exact = await attempt(0)
  if (exact.ok && obstacles.length === 0) {
    return result((await holdTheSame(before, after)) ? 'already-applied' : 'cleanly', exact.said)
  }
  const reverse = obstacles.length === 0 ? await attempt(0, '--reverse') : exact
  if (reverse.ok && obstacles.length === 0) {
    await copyState(before, after)
    return result('already-applied', exact.said)
  }
  const all = changes.flatMap(({ hunks }) => hunks)
  if (obstacles.length === 0 && all.length > 0 && all.every((hunk) => present.has(hunk))) {
    await copyState(before, after)
    return result('already-in-other-form', exact.said)
  }
  const fuzzy = await attempt(FUZZ)
  const fuzzed = result('with-fuzz', fuzzy.said)
  // A hunk that is present already and applies with fuzz would be in the file twice.
  const isTwice = changes.some(({ hunks }) => hunks.some((hunk) => present.has(hunk)))
  return fuzzy.ok && obstacles.length === 0 && !isTwice ? fuzzed : result('with-conflicts', fuzzy.said)
}

/** A change that no source can take, beside the hunks. */
const obstacleTry = ({ file, why }: ObstacleAt): HunkTry => ({
  file,
  hunk: 0,
  line: 0,
  lines: 0,
  heading: '',
  state: 'rejected',
  offset: 0,
  fuzz: 0,
  why,
  prerequisites: null,
})

type Hunk = FileChange['hunks'][number]

/** The hunks whose result is in the files of a folder. */
async function hunksPresent(changes: readonly FileChange[], folder: string): Promise<Set<Hunk>> {
  const present = new Set<Hunk>()
  for (const change of changes) {
    const file = fileOf(change)
    const text = isInside(file) ? await readFile(join(folder, file), 'latin1').catch(() => null) : null
    // A patch that removes a file is applied where the file is absent.
    if (change.after === null && text === null) change.hunks.forEach((hunk) => present.add(hunk))
    for (const hunk of change.hunks) if (text !== null && change.after !== null && isThere(hunk, text)) present.add(hunk)
  }
  return present
}

/** The result of each hunk of a file. */
function hunkTries(change: FileChange, said: PatchResult, present: ReadonlySet<Hunk>, word: ApplyResult): HunkTry[] {
  const file = fileOf(change)
  const own = said.files.filter((one) => one.file === file || one.file === change.before)
  const reported = own.flatMap(({ hunks }) => hunks)
  const trouble = own.find((one) => one.trouble !== null)?.trouble ?? null
  const isAlready = word === 'already-applied' || word === 'already-in-other-form'
  return change.hunks.map((hunk, index): HunkTry => {
    const here = reported.find((one) => one.hunk === index + 1)
    const failed = here ? here.failed : trouble !== null && reported.length === 0
    const state =
      isAlready || (word === 'with-conflicts' && present.has(hunk)) ? 'already-present' : failed ? 'rejected' : 'applied'
    return {
      file,
      hunk: index + 1,
      line: hunk.oldStart,
      lines: hunk.oldCount,
      heading: hunk.heading,
      state,
      offset: state === 'applied' ? (here?.offset ?? 0) : 0,
      fuzz: state === 'applied' ? (here?.fuzz ?? 0) : 0,
      why: state === 'rejected' ? trouble : null,
      prerequisites: null,
    }
  })
}

/** Whether two folders hold the same files, with the same types, permissions to execute and bytes. */
async function holdTheSame(one: string, other: string): Promise<boolean> {
  const [files, others] = await Promise.all([one, other].map(filesIn))
  if (!files || !others || files.join('\0') !== others.join('\0')) return false
  for (const file of files) {
    const [left, right] = await Promise.all([one, other].map((folder) => contentOf(join(folder, file))))
    if (!left || !right || left.kind !== right.kind || !left.bytes.equals(right.bytes)) return false
  }
  return true
}

/** Paths of the files in a folder and below it, links among them, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).toSorted()
}

async function contentOf(path: string): Promise<{ readonly kind: string; readonly bytes: Buffer }> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) return { kind: 'link', bytes: Buffer.from(await readlink(path)) }
  return { kind: found.mode & 0o100 ? 'executable' : 'plain', bytes: await readFile(path) }
}

/** The difference between two folders as one patch, with modes and whatever bytes. `folder` is made for it and removed. */
async function difference(folder: string, from: string, to: string, signal?: AbortSignal): Promise<string> {
  await mkdir(folder)
  try {
    await Promise.all([copyState(from, join(folder, 'a')), copyState(to, join(folder, 'b'))])
    const options = ['--no-index', '--no-prefix', '--no-renames', '--text', '--full-index', '--', 'a', 'b']
    return (await runGit(null, ['diff', ...options], { cwd: folder, bytes: true, anyExit: true, signal })).stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
