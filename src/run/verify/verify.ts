/** Verify a patch, up to its kernels: its bases, whether it applies and builds, new warnings, and the cases it is for. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fetchKernel, selectPatched, type KernelContext } from '#harness/kernels/index.ts'
import { buildLogOf, recompile, sourceFolderOf } from '#harness/kernels/tree/build/rebuild.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { newWarnings, objectsIn, warningsIn } from '#analysis/verify/build-log.ts'
import { touchedFiles } from '#analysis/patch/diff.ts'
import { parsePatches } from '#analysis/patch/mbox.ts'
import type { Case } from '#domain/case.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { PatchTry, VerifyBase, VerifyStep, Warning } from '#domain/report/verify.ts'
import { selectCases } from '../prepare/catalogue.ts'
import { findMissingOptions } from './base-config.ts'
import { applySeries, type Applied, type NamedPatch } from './apply-patch.ts'
import { formatPatches, isGitTree, withPrerequisites } from './git-history.ts'

/** A base of a request. */
export interface BaseRequest {
  /** Part of a selector: `debian-5.10`, `/src/linux@v6.1`. */
  readonly source: string
  /** The git tree it is of, and its revision; null for anything else. */
  readonly git: { readonly path: string; readonly revision: string } | null
}

/** The bases that trees and revisions name. Throws UserError for a revision of a folder that is not a git tree. */
export async function findBases(trees: readonly string[], revisions: readonly string[]): Promise<BaseRequest[]> {
  const bases: BaseRequest[] = []
  for (const text of trees) {
    const tree = text.replace(/^tree:/, '')
    const [, place = tree, own] = /^(.+)@([^@]+)$/.exec(tree) ?? []
    const isGit = !tree.startsWith('debian-') && (await isGitTree(resolve(place)))
    if (revisions.length > 0 && (!isGit || own !== undefined)) {
      throw new UserError(`--base takes revisions of a git tree, and ${tree} is not one`, 'leave it out, or give --tree again')
    }
    const git = (revision: string) => (isGit ? { path: resolve(place), revision } : null)
    if (revisions.length === 0) bases.push({ source: tree, git: git(own ?? 'HEAD') })
    for (const revision of revisions) bases.push({ source: `${tree}@${revision}`, git: git(revision) })
  }
  return bases
}

/** The patches that --patch names: a file, an mbox, `-` for what `input` gives, or a commit of one of the git trees. */
export async function readSeries(
  what: string,
  bases: readonly BaseRequest[],
  input: () => Promise<string>,
): Promise<NamedPatch[]> {
  const isFile = (await stat(what).catch(whenUnreadable(null)))?.isFile() === true
  const text = what === '-' ? await input() : isFile ? await readFile(what, 'utf8') : await commitText(what, bases)
  const found = parsePatches(text)
  if (found.length === 0) throw new UserError(`${what} contains no change`, 'give what git format-patch or diff -u writes')
  const file = isFile && found.length === 1 ? basename(what).replace(/\.(?:patch|diff|mbox|eml)$/, '') : ''
  return found.map(({ subject, commits, text: own }, index) => {
    const name = slug(file || subject) || `patch-${index + 1}`
    return { name, subject: subject || name, commits, text: own }
  })
}

async function commitText(what: string, bases: readonly BaseRequest[]): Promise<string> {
  for (const { git } of bases) {
    const text = git && (await formatPatches(git.path, what))
    if (text) return text
  }
  throw new UserError(`${what} is neither a file nor a commit of a git tree given by --tree`, 'check --patch')
}

const slug = (text: string) =>
  text
    .replaceAll(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 48)

/** Ids of the cases a series is for: those that are named, else those whose fix has a patch's subject or commit. */
export function targetsOf(
  patches: readonly NamedPatch[],
  cases: readonly Case[],
  named: readonly string[] | undefined,
): string[] {
  if (named !== undefined) return selectCases(cases, named).map(({ id }) => id)
  const isFix = ({ commit, subject }: Case['fixes'][number]) =>
    patches.some(
      (patch) =>
        patch.subject === subject ||
        (commit !== null && patch.commits.some((hash) => hash.startsWith(commit) || commit.startsWith(hash))),
    )
  return cases.filter(({ fixes }) => fixes.some(isFix)).map(({ id }) => id)
}

export interface TryRequest {
  /** Those that will be asked of the base. */
  readonly cases: readonly Case[]
  readonly patches: readonly NamedPatch[]
  readonly configs: readonly string[]
  readonly each: boolean
}

/** Apply and build on one base. A patch that does not apply or build is in the result; throws UserError for a wrong request. */
export async function tryBase(base: BaseRequest, request: TryRequest, context: KernelContext): Promise<VerifyBase> {
  const source = [base.source, ...request.configs.map((name) => `config=${name}`)].join(',')
  const kernel = await selectPatched(source, [], context)
  const scratch = await openScratch(context.workspace.cache)
  try {
    const { patches } = request
    const { tries: bare, exactPatch } = await applySeries(await sourceFolderOf(kernel, context), patches, scratch, context.signal)
    const tries = base.git ? await withPrerequisites(bare, base.git.path, base.git.revision) : bare
    const { id, origin, version, arch } = kernel
    const result = { label: origin, kernel: id, version, arch, trouble: null, tries, exact: null, steps: [] }
    const applies = tries.every((one) => one.result !== 'with-conflicts')
    if (!applies || tries.every((one) => isAlready(one.result))) return result
    const trouble = await buildTrouble(kernel, context)
    if (trouble !== null) return { ...result, trouble: trouble.message }
    const missing = await findMissingOptions(await fetchKernel(kernel, context), request.cases, context)
    const exact = tries.some((one) => one.result === 'with-fuzz') ? await exactPatch(tries.length) : null
    const steps: VerifyStep[] = []
    for (const upTo of stepsOf(tries, request.each)) {
      const text = isWhole(tries, upTo) ? (patches[0]?.text ?? '') : await exactPatch(upTo)
      const name = patches.length === 1 ? patches[0]?.name : `${upTo}of${patches.length}-${patches[upTo - 1]?.name}`
      const step = await tryStep(kernel, { upTo, text, name: name ?? 'patch', source, scratch }, context)
      if (step instanceof InfraError) return { ...result, exact, trouble: step.message, missingOptions: missing }
      steps.push(step)
    }
    return { ...result, exact, steps, missingOptions: missing }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const isAlready = (result: PatchTry['result']) => result === 'already-applied' || result === 'already-in-other-form'

/** A single patch that applies cleanly is used as given, so that its kernel is the same as that of other commands. */
const isWhole = (tries: Applied['tries'], upTo: number) => upTo === 1 && tries.length === 1 && tries[0]?.result === 'cleanly'

/** After which patches a kernel is built: after the last, with `each` after every one that changes something. */
function stepsOf(tries: Applied['tries'], each: boolean): number[] {
  const changing = tries.flatMap(({ result }, index) => (isAlready(result) ? [] : [index + 1]))
  return each ? changing : changing.slice(-1)
}

interface Step {
  readonly upTo: number
  readonly text: string
  readonly name: string
  /** What stands behind `tree:` in the selector of the base. */
  readonly source: string
  readonly scratch: string
}

/** Build a kernel with some patches. A fault of this host is returned as InfraError. */
async function tryStep(
  base: Kernel,
  { upTo, text, name, source, scratch }: Step,
  context: KernelContext,
): Promise<VerifyStep | InfraError> {
  const file = join(scratch, 'patches', `${name}.patch`)
  await makeFolder(join(scratch, 'patches'))
  await writeFile(file, text)
  const kernel = await selectPatched(source, [file], context)
  const trouble = await buildTrouble(kernel, context)
  if (trouble instanceof InfraError) return trouble
  if (trouble !== null) {
    const buildError = trouble.message.replace(/^\S+ does not build: /, '')
    return { upTo, kernel: kernel.id, buildError, log: await buildLogOf(kernel, context), warnings: null }
  }
  return { upTo, kernel: kernel.id, buildError: null, log: null, warnings: await warningsOf(base, kernel, text, context) }
}

/** Build a kernel. Returns why that failed, null when it is built. */
async function buildTrouble(kernel: Kernel, context: KernelContext): Promise<UserError | InfraError | null> {
  try {
    await fetchKernel(kernel, context)
    return null
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof UserError || error instanceof InfraError) return error
    throw error
  }
}

/** New warnings in the files that a patch touches. Objects that are not in a build log are compiled again. */
async function warningsOf(base: Kernel, patched: Kernel, patch: string, context: KernelContext): Promise<Warning[] | null> {
  const files = touchedFiles(patch)
  const readLog = async (kernel: Kernel) => readFile(await buildLogOf(kernel, context), 'utf8').catch(whenUnreadable(''))
  const sources = files.filter((file) => /\.[cS]$/.test(file)).map((file) => file.replace(/\.[cS]$/, '.o'))
  try {
    const ownLog = await readLog(patched)
    const built = objectsIn(ownLog)
    const after = warningsIn(built.length > 0 ? ownLog : await recompile(patched, sources, context), files)
    if (after.length === 0) return []
    const baseLog = await readLog(base)
    const logged = new Set(objectsIn(baseLog))
    const unlogged = (built.length > 0 ? built : sources).filter((object) => !logged.has(object))
    const more = unlogged.length > 0 ? await recompile(base, unlogged, context) : ''
    return newWarnings(warningsIn(`${baseLog}\n${more}`, files), after)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof UserError || error instanceof InfraError) return null
    throw error
  }
}
