/** External modules of a case: compiled against each kernel, and cached by all their inputs. */
import { createHash } from 'node:crypto'
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Case, ModuleNeed } from '#domain/case.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { ExternalModule } from '#domain/job.ts'
import type { Kernel } from '#domain/kernel.ts'
import { isNeededOn } from '#domain/version.ts'
import { hashFile } from '#harness/support/hash.ts'
import { findBuildTree, type BuildTree, type KernelContext } from '../kernels/index.ts'
import { BUILD, isErrorLine } from '../kernels/tree/build/make.ts'
import { runCommand } from '../support/process.ts'
import { buildRoot } from '../support/build-root.ts'
import { openScratch } from '../support/scratch.ts'
import { isIntact, publishSealed } from '../support/sealed.ts'
import { exists, makeFolder, whenUnreadable } from '../support/workspace.ts'
import { compiler } from './program.ts'

/** A module for the guest: the file, or one line that says why there is none. */
export type BuiltModule =
  | { readonly name: string; readonly path: string; readonly sha256: string }
  | { readonly name: string; readonly missing: string }

/** The module as a job names it. */
export function namedModule(built: BuiltModule): ExternalModule {
  return 'path' in built ? { name: built.name, sha256: built.sha256 } : built
}

/** The cached module with this hash, whatever its source is now; null when the cache does not have it. */
export async function findExternalModule(cache: string, name: string, sha256: string): Promise<BuiltModule | null> {
  for (const entry of await readdir(join(cache, 'external-modules')).catch(whenUnreadable([]))) {
    const path = join(cache, 'external-modules', entry, `${name}.ko`)
    if ((await exists(path)) && (await hashFile(path).catch(whenUnreadable(null))) === sha256) return { name, path, sha256 }
  }
  return null
}

/**
 * The external modules that a case needs on this kernel, built or found in the cache. A module that cannot be built comes with
 * the reason. Throws UserError when a source is missing, InfraError for a full disk, the signal's reason when it is aborted.
 */
export async function buildExternalModules(
  theCase: Pick<Case, 'folder' | 'needs'>,
  kernel: Kernel,
  context: KernelContext,
): Promise<BuiltModule[]> {
  const built: BuiltModule[] = []
  for (const need of theCase.needs.externalModules) built.push(await buildModuleOf(need, theCase.folder, kernel, context))
  return built
}

/** What decides the bytes of an external module, or why there is none. */
export type ExternalModuleKey =
  | { readonly name: string; readonly key: string }
  | { readonly name: string; readonly missing: string }

/**
 * The keys of the external modules that a case needs on this kernel; nothing is built. Throws UserError when a source is missing,
 * and what finding a tree to build against throws.
 */
export async function externalModuleKeys(
  theCase: Pick<Case, 'folder' | 'needs'>,
  kernel: Kernel,
  context: KernelContext,
): Promise<ExternalModuleKey[]> {
  const keys: ExternalModuleKey[] = []
  for (const { name, until } of theCase.needs.externalModules) {
    if (!isNeededOn(kernel.version, until)) {
      keys.push({ name, missing: notNeeded(until) })
      continue
    }
    const tree = await findBuildTree(kernel, context)
    if ('unavailable' in tree) keys.push({ name, missing: tree.unavailable })
    else keys.push({ name, key: await keyOf(name, await readSource(theCase.folder, name), tree) })
  }
  return keys
}

const notNeeded = (until: string | null): string => `not built: the case needs it only on kernels before ${until}`

async function keyOf(name: string, source: string, { key }: Pick<BuildTree, 'key'>): Promise<string> {
  return createHash('sha256')
    .update(JSON.stringify([FLAGS, key, name, source, await compiler()]))
    .digest('hex')
}

function readSource(folder: string, name: string): Promise<string> {
  return readFile(join(folder, `${name}.c`), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UserError(`${folder} has no ${name}.c, which its case.json names: ${cause.code}`)
  })
}

async function buildModuleOf(
  { name, until }: ModuleNeed,
  folder: string,
  kernel: Kernel,
  context: KernelContext,
): Promise<BuiltModule> {
  if (!isNeededOn(kernel.version, until)) {
    return { name, missing: notNeeded(until) }
  }
  const source = await readSource(folder, name)
  try {
    const tree = await findBuildTree(kernel, context)
    if ('unavailable' in tree) return { name, missing: tree.unavailable }
    const path = await ensureModule(name, source, tree, kernel, context)
    return { name, path, sha256: await hashFile(path) }
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof UserError || error instanceof InfraError) || isAboutDisk(error)) throw error
    return { name, missing: error.message.split('\n')[0] ?? '' }
  }
}

/** Whether an error blames a full disk, which says nothing about the module. */
const isAboutDisk = ({ hint }: UserError | InfraError) => /free some space/.test(hint ?? '')

/** No debug information: it contains paths and times, and the same source must give the same bytes everywhere. */
const FLAGS = '-g0'

/** Builds that are under way, by the entry that they make, and the signal that stops them. */
const underWay = new Map<string, { readonly signal: AbortSignal | undefined; readonly made: Promise<void> }>()

/** The path of a module, built unless the cache has it. Of several that want it at a time, the first builds it for all. */
async function ensureModule(
  name: string,
  source: string,
  tree: BuildTree,
  kernel: Kernel,
  context: KernelContext,
): Promise<string> {
  const { workspace, signal } = context
  const entry = join(workspace.cache, 'external-modules', await keyOf(name, source, tree))
  const path = join(entry, `${name}.ko`)
  if ((await exists(path)) && (await isIntact(entry))) return path
  const other = underWay.get(entry)
  if (other && other.signal === signal) {
    await other.made
    return path
  }
  const made = buildModule(name, source, tree, { entry, kernel, context })
  underWay.set(entry, { signal, made })
  try {
    await made
  } finally {
    if (underWay.get(entry)?.made === made) underWay.delete(entry)
  }
  return path
}

/** Where a module is built to, for which kernel. */
interface ModuleTarget {
  readonly entry: string
  readonly kernel: Kernel
  readonly context: KernelContext
}

async function buildModule(
  name: string,
  source: string,
  tree: BuildTree,
  { entry, kernel, context }: ModuleTarget,
): Promise<void> {
  const { cache } = context.workspace
  await tree.use(async (make) => {
    context.progress?.({ kernel: kernel.id, message: `building the module ${name}`, doneBytes: null, totalBytes: null })
    const folder = await openScratch(buildRoot(cache))
    try {
      await writeFile(join(folder, `${name}.c`), source)
      await writeFile(join(folder, 'Kbuild'), `obj-m := ${name}.o\n`)
      await compile(name, folder, make, kernel, context)
      await publishSealed(entry, (temporary) => copyFile(join(folder, `${name}.ko`), join(temporary, `${name}.ko`)))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** Run make in `folder`. Throws UserError with the first error, InfraError when the disk is full. */
async function compile(
  name: string,
  folder: string,
  make: readonly string[],
  kernel: Kernel,
  context: KernelContext,
): Promise<void> {
  const flags = `KCFLAGS=${FLAGS} -fmacro-prefix-map=${folder}/=`
  const args = ['--pdeathsig', 'TERM', 'make', ...make, `M=${folder}`, flags, 'modules']
  const options = { ...BUILD, anyExit: true, signal: context.signal }
  const { exitCode, stdout, stderr } = await runCommand('setpriv', args, options)
  const logs = join(context.workspace.cache, 'logs')
  const log = join(logs, `module-${name}-${kernel.id}.log`)
  await makeFolder(logs)
  await writeFile(log, `${stdout}\n${stderr}\n`)
  if (exitCode === 0) return
  if (/No space left|Disk quota exceeded/.test(stderr)) {
    throw new InfraError(`no space left to build the module ${name}`, 'free some space or set KWITNESS_CACHE')
  }
  throw new UserError(`${name}.c does not build for this kernel: ${firstError(stderr, folder)}`, `the whole log: ${log}`)
}

/** The first error line of make or the compiler, without the path of the build folder. */
export function firstError(text: string, folder: string): string {
  const old = /version `(GLIBC_[\d.]+)' not found/.exec(text)?.[1]
  if (old !== undefined) return `its kbuild programs need ${old}, which this host does not have`
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((one) => isErrorLine(one)) ?? lines.at(-1) ?? 'make failed without a message'
  return line.replaceAll(`${folder}/`, '').trim()
}
