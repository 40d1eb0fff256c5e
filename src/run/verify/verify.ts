/** Verify a patch, up to its kernels: its bases, whether it applies and builds, new warnings, and the cases it is for. */
import { readFile, rm, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { fetchKernel, selectTreeKernel, type KernelContext } from '#harness/kernels/index.ts'
import { buildLogOf, recompile, sourceFolderOf } from '#harness/kernels/tree/build/rebuild.ts'
import { configIn, parseTreeSelector, type TreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { stripFor } from '#harness/patches/apply.ts'
import { readPatches } from '#harness/patches/read.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import { newWarnings, objectsIn, warningsIn } from '#analysis/verify/build-log.ts'
import { touchedFiles } from '#analysis/patch/diff.ts'
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
  readonly selector: TreeSelector
  /** The git tree it is of, and its revision; null for anything else. */
  readonly git: { readonly path: string; readonly revision: string } | null
}

/** The bases that trees and revisions name. Throws UserError for a revision of a folder that is not a git tree. */
export async function findBases(trees: readonly string[], revisions: readonly string[]): Promise<BaseRequest[]> {
  const bases: BaseRequest[] = []
  for (const tree of trees) {
    const selector = parseTreeSelector(tree.replace(/^tree:/, ''))
    const { place } = selector
    const path = place.kind === 'debian' || !(await isGitTree(place.path)) ? null : place.path
    if (revisions.length > 0 && (path === null || place.kind === 'git')) {
      throw new UserError(`--base takes revisions of a git tree, and ${tree} is not one`, 'leave it out, or give --tree again')
    }
    const own = place.kind === 'git' ? place.revision : 'HEAD'
    const git = (revision: string) => (path === null ? null : { path, revision })
    if (revisions.length === 0) bases.push({ selector, git: git(own) })
    for (const revision of revisions) {
      bases.push({ selector: { ...selector, place: { kind: 'git', path: path ?? tree, revision } }, git: git(revision) })
    }
  }
  return bases
}

/**
 * The patches that --patch names: a file, an mbox, `-` for what `input` gives, or a commit of one of the git trees; `onNote` is
 * told what was left out of them.
 */
export async function readSeries(
  what: string,
  bases: readonly BaseRequest[],
  { input, cache, onNote }: SeriesSources,
): Promise<NamedPatch[]> {
  const there = await stat(what).catch(whenUnreadable(null))
  const isFile = there?.isFile() === true
  // A shell gives what a command prints as a pipe.
  const isRead = isFile || there?.isFIFO() === true || there?.isCharacterDevice() === true
  const text = what === '-' ? await input() : isRead ? await patchFile(what) : await commitText(what, bases)
  const { patches: found, notes } = await readPatches(text, what === '-' ? 'standard input' : what, cache)
  notes.forEach(onNote)
  const file = isFile && found.length === 1 ? basename(what).replace(/\.(?:patch|diff|mbox|eml)$/, '') : ''
  return found.map(({ subject, commits, text: own }, index) => {
    const name = slug(file || subject) || `patch-${index + 1}`
    return { name, subject: subject || name, commits, text: own }
  })
}

export interface SeriesSources {
  readonly input: () => Promise<Buffer>
  readonly cache: string
  readonly onNote: (note: string) => void
}

function patchFile(path: string): Promise<Buffer> {
  return readFile(path).catch(({ code }: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read the patch ${path}: ${code}`)
  })
}

async function commitText(what: string, bases: readonly BaseRequest[]): Promise<Buffer> {
  for (const { git } of bases) {
    const text = git && (await formatPatches(git.path, what))
    if (text) return Buffer.from(text, 'latin1')
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
  const configs = [...base.selector.configs, ...request.configs.map(configIn)]
  const selector = { ...base.selector, configs: configs.filter((name) => name !== 'base') }
  const kernel = await selectTreeKernel(selector, context)
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
      const step = await tryStep(kernel, { upTo, text, name: name ?? 'patch', selector }, context)
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
  readonly selector: TreeSelector
}

/** Build a kernel with some patches. A fault of this host is returned as InfraError. */
async function tryStep(
  base: Kernel,
  { upTo, text, name, selector }: Step,
  context: KernelContext,
): Promise<VerifyStep | InfraError> {
  const kernel = await selectTreeKernel(selector, context, [{ name, texts: [text] }])
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
  const files = touchedFiles(patch, stripFor(patch, await sourceFolderOf(base, context)))
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
