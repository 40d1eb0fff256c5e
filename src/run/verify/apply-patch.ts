/**
 * Whether a series applies to a source. It is tried on copies of the files it touches, patch by patch: exactly, then whether it
 * is already applied, then with fuzz. The exact patch for that source is the difference between the copies.
 */
import { copyFile, cp, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { makeFolder } from '#harness/support/workspace.ts'
import { runCommand } from '#harness/support/process.ts'
import { fileOf, isThere, parseDiff, touchedFiles, type FileChange } from '#analysis/patch/diff.ts'
import { parsePatchOutput, type PatchResult } from '#analysis/patch/gnu-patch-output.ts'
import { UserError } from '#domain/errors.ts'
import type { ApplyResult, HunkTry, PatchTry, PatchInfo } from '#domain/report/verify.ts'

export interface NamedPatch extends PatchInfo {
  readonly text: string
}

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
  const files = [...new Set(patches.flatMap(({ text }) => touchedFiles(text)))].filter(isInside).toSorted()
  const state = (count: number) => join(scratch, String(count))
  await copyFiles(source, files, state(0))
  const tries: PatchTry[] = []
  for (const patch of patches) {
    signal?.throwIfAborted()
    const one = await applyOne(patch, state(tries.length), state(tries.length + 1), signal)
    tries.push(one)
    if (one.result === 'with-conflicts') break
  }
  return { tries, exactPatch: (upTo) => difference(files, state(0), state(upTo), signal) }
}

const isInside = (path: string) => !normalize(path).startsWith('..') && !path.startsWith('/')

async function copyFiles(from: string, files: readonly string[], to: string): Promise<void> {
  await makeFolder(to)
  for (const file of files) {
    if (!(await stat(join(from, file)).catch(() => null))?.isFile()) continue
    await makeFolder(dirname(join(to, file)))
    await copyFile(join(from, file), join(to, file))
  }
}

async function copyState(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
}

/** Apply one patch to the files in `before`; the result is in `after`. */
async function applyOne(patch: NamedPatch, before: string, after: string, signal?: AbortSignal): Promise<PatchTry> {
  const { text, name, subject, commits } = patch
  const changes = parseDiff(text)
  const attempt = async (...options: readonly string[]) => {
    await copyState(before, after)
    const args = ['-p1', '--force', '--no-backup-if-mismatch', '--reject-file=-', ...options, '-d', after]
    const more = { input: text, anyExit: true, env: { LC_ALL: 'C' }, ...(signal === undefined ? {} : { signal }) }
    const { exitCode, stdout, stderr } = await runCommand('patch', args, more)
    const said = parsePatchOutput(`${stdout}\n${stderr}`)
    if (said.stopped !== null) throw new UserError(`the patch ${name} cannot be read: ${said.stopped}`)
    return { ok: exitCode === 0, said }
  }
  const present = await hunksPresent(changes, before)
  const result = (word: ApplyResult, said: PatchResult): PatchTry => {
    return { name, subject, commits, result: word, hunks: changes.flatMap((change) => hunkTries(change, said, present, word)) }
  }
  const exact = await attempt('--fuzz=0')
  if (exact.ok) return result('cleanly', exact.said)
  const reverse = await attempt('--fuzz=0', '--reverse')
  if (reverse.ok) {
    await copyState(before, after)
    return result('already-applied', exact.said)
  }
  const all = changes.flatMap(({ hunks }) => hunks)
  if (all.length > 0 && all.every((hunk) => present.has(hunk))) {
    await copyState(before, after)
    return result('already-in-other-form', exact.said)
  }
  const fuzzy = await attempt(`--fuzz=${FUZZ}`)
  const fuzzed = result('with-fuzz', fuzzy.said)
  // A hunk that is present already and applies with fuzz would be in the file twice.
  const isTwice = changes.some(({ hunks }) => hunks.some((hunk) => present.has(hunk)))
  return fuzzy.ok && !isTwice ? fuzzed : result('with-conflicts', fuzzy.said)
}

type Hunk = FileChange['hunks'][number]

/** The hunks whose result is in the files of a folder. */
async function hunksPresent(changes: readonly FileChange[], folder: string): Promise<Set<Hunk>> {
  const present = new Set<Hunk>()
  for (const change of changes) {
    const file = fileOf(change)
    const text = isInside(file) ? await readFile(join(folder, file), 'utf8').catch(() => null) : null
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

/** The difference between two states of these files, as one patch. */
async function difference(files: readonly string[], from: string, to: string, signal?: AbortSignal): Promise<string> {
  let text = ''
  for (const file of files) {
    const [old, now] = await Promise.all([from, to].map((folder) => stat(join(folder, file)).catch(() => null)))
    if (!old && !now) continue
    const sides = [
      ['--label', old ? `a/${file}` : '/dev/null', '--label', now ? `b/${file}` : '/dev/null'],
      [old ? join(from, file) : '/dev/null', now ? join(to, file) : '/dev/null'],
    ].flat()
    const options = { anyExit: true, env: { LC_ALL: 'C' }, ...(signal === undefined ? {} : { signal }) }
    const { stdout } = await runCommand('diff', ['-up', ...sides], options)
    if (stdout !== '') text += `${stdout}\n`
  }
  return text
}
