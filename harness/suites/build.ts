/** Build the programs of a suite statically, with the Makefile of their kernel tree, and cache them by content. */
import { createHash } from 'node:crypto'
import { access, copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { LeftOut, Suite, SuiteProgram, SuiteSetup } from '#domain/report/suite.ts'
import { compareVersions } from '#domain/version.ts'
import { compiler, findProgram, type Program } from '../image/program.ts'
import { reportProgress, type KernelContext } from '../kernels/provider/provider.ts'
import { BUILD } from '../kernels/tree/build/make.ts'
import { runCommand } from '../support/process.ts'
import { buildRoot } from '../support/build-root.ts'
import { openScratch } from '../support/scratch.ts'
import { exists, folderHint, publishFolder, whenUnreadable } from '../support/workspace.ts'
import { fetchHeaders, type SuiteSource } from './headers.ts'
import { installedLibraries } from './libraries.ts'

export interface BuiltSuite {
  /** By program id. */
  readonly programs: ReadonlyMap<string, Program>
  /** Ids of programs that the tree does not have. */
  readonly notInTree: readonly string[]
  /** Programs that do not build here, with the first error. */
  readonly notBuilt: readonly LeftOut[]
}

const SETUP = join(import.meta.dirname, 'setup.c')
/** Flags that make upstream's Makefiles link statically. */
const STATIC = ['EXTRA_CFLAGS=-static', 'USERLDFLAGS=-static -s -Wl,--build-id=none']

/**
 * Build these programs of a suite, or find them in the cache. A program that does not build is in `notBuilt` with its error.
 * Throws UserError when the tree has no such suite, InfraError for a full disk, the signal's reason when it is aborted.
 */
export async function buildSuite(
  suite: Suite,
  wanted: readonly SuiteProgram[],
  source: SuiteSource,
  context: KernelContext,
): Promise<BuiltSuite> {
  const folder = await findFolder(suite, source)
  const names = new Set(await readdir(join(source.folder, folder)))
  const isThere = ({ source: name, since }: SuiteProgram): boolean =>
    names.has(`${name}.c`) && (since === null || compareVersions(source.version, since) >= 0)
  const present = wanted.filter(isThere)
  const commonInputs = await commonInputsOf(source, folder)
  const units = [...new Map(present.map((program) => unitOf(program, commonInputs)).map((unit) => [unit.sha256, unit])).values()]
  const missing: Unit[] = []
  for (const unit of units) if ((await stateOf(context, unit)) === null) missing.push(unit)
  if (missing.length > 0) await buildMissing(missing, folder, source, context)

  const programs = new Map<string, Program>()
  const notBuilt: LeftOut[] = []
  for (const program of present) {
    const state = await stateOf(context, unitOf(program, commonInputs))
    if (state === null) throw new InfraError(`${program.program} vanished from the cache during the build`, 'run it again')
    if ('why' in state) notBuilt.push({ program: program.id, why: state.why })
    else programs.set(program.id, state)
  }
  return { programs, notInTree: wanted.filter((one) => !present.includes(one)).map(({ id }) => id), notBuilt }
}

/** The suite's folder, relative to the source. */
async function findFolder({ folders, name }: Suite, source: SuiteSource): Promise<string> {
  for (const folder of folders) {
    const path = join('tools', 'testing', 'selftests', folder)
    if (await exists(join(source.folder, path, 'Makefile'))) return path
  }
  const places = folders.map((folder) => `tools/testing/selftests/${folder}`).join(' nor ')
  throw new UserError(`the tree does not have ${name}: neither ${places}`, 'name another tree with --tree')
}

/** One program under one set-up: what make builds. */
interface Unit {
  readonly program: string
  readonly setup: SuiteSetup
  /** Hash of everything that goes into it, and name of its cache entry, whether it builds or not. */
  readonly sha256: string
}

/** Everything that the programs of a tree have in common as inputs, as JSON. */
async function commonInputsOf(source: SuiteSource, folder: string): Promise<string> {
  const parts = [source.key, folder, STATIC, await compiler(), await readFile(SETUP, 'utf8'), await installedLibraries()]
  return JSON.stringify(parts)
}

function unitOf({ program, setup }: SuiteProgram, commonInputs: string): Unit {
  const sha256 = createHash('sha256')
    .update(JSON.stringify([commonInputs, program, setup]))
    .digest('hex')
  return { program, setup, sha256 }
}

const entryOf = ({ workspace: { cache } }: KernelContext, { sha256 }: Unit): string => join(cache, 'programs', sha256)

/** The state of a unit in the cache: the program, or why it does not build; null when nobody has tried. */
async function stateOf(context: KernelContext, unit: Unit): Promise<Program | { readonly why: string } | null> {
  const found = await findProgram(context.workspace.cache, unit.sha256)
  if (found) return found
  const why = await readFile(join(entryOf(context, unit), 'reason'), 'utf8').catch(whenUnreadable(null))
  return why === null ? null : { why }
}

async function buildMissing(units: readonly Unit[], folder: string, source: SuiteSource, context: KernelContext): Promise<void> {
  const headers = await fetchHeaders(source, context)
  reportProgress(context, null, `building ${units.length} programs of ${folder}`)
  const scratch = await openScratch(buildRoot(context.workspace.cache))
  try {
    const tree = await copyTree(source, headers, join(scratch, 'tree'), context)
    for (const [index, own] of [...Map.groupBy(units, ({ setup }) => JSON.stringify(setup)).values()].entries()) {
      const out = join(scratch, `out-${index}`)
      await mkdir(out)
      await makeAll(own, { folder: join(tree, folder), out }, context)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Copy the tree so that make may write beside the sources without changing the cache: folders of its own for `tools`, links
 * for everything else. The headers are linked as `usr`, where the selftests look for them.
 */
async function copyTree(source: SuiteSource, headers: string | null, to: string, { signal }: KernelContext): Promise<string> {
  await mkdir(to)
  await runCommand('cp', ['-al', join(source.folder, 'tools'), join(to, 'tools')], { signal })
  for (const name of await readdir(source.folder)) {
    if (name !== 'tools' && name !== 'usr') await symlink(join(source.folder, name), join(to, name))
  }
  if (headers !== null) await symlink(headers, join(to, 'usr'))
  return to
}

interface MakeFolders {
  /** The suite's folder in the copied tree. */
  readonly folder: string
  /** Where make puts the programs. */
  readonly out: string
}

/** Build the units of one set-up all at once, then the failed ones one by one for their errors, and publish each. */
async function makeAll(units: readonly Unit[], folders: MakeFolders, context: KernelContext): Promise<void> {
  const setup = units[0]?.setup
  if (!setup) return
  const object = join(folders.out, 'kwitness-setup.o')
  await runCommand('gcc', ['-O2', '-D_GNU_SOURCE', ...definesOf(setup), '-c', SETUP, '-o', object])
  const make = (programs: readonly string[]) => {
    const [flags = '', link = ''] = STATIC
    const jobs = context.buildJobs ?? availableParallelism()
    const targets = programs.map((program) => join(folders.out, program))
    const words = ['-C', folders.folder, '-k', `-j${jobs}`, `OUTPUT=${folders.out}`, flags, `${link} ${object}`, ...targets]
    return runCommand('make', ['--silent', ...words], { ...BUILD, anyExit: true, signal: context.signal })
  }
  await make(units.map(({ program }) => program))
  for (const unit of units) {
    const path = join(folders.out, unit.program)
    const isThere = () =>
      access(path).then(
        () => true,
        () => false,
      )
    const stderr = (await isThere()) ? '' : (await make([unit.program])).stderr
    if (/No space left on device|Disk quota exceeded/.test(stderr)) {
      throw new InfraError(`cannot build ${unit.program}: the disk is full`, folderHint('full', ['KWITNESS_CACHE']))
    }
    await publish(unit, (await isThere()) ? { path } : { why: reasonOf(stderr) }, context)
  }
}

async function publish(unit: Unit, made: { path: string } | { why: string }, context: KernelContext): Promise<void> {
  await publishFolder(entryOf(context, unit), async (temporary) => {
    if ('path' in made) await copyFile(made.path, join(temporary, 'program'))
    else await writeFile(join(temporary, 'reason'), made.why)
  })
}

function definesOf({ hugePages, hugetlbfs, user }: SuiteSetup): string[] {
  return [`-DHUGE_PAGES=${hugePages}`, `-DHUGETLBFS="${hugetlbfs ?? ''}"`, `-DRUN_AS=${user}`]
}

/** The first error line in the output of make and the compiler, without folders, at most 200 characters. */
export function reasonOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const found = lines.find((line) => /\berror:|undefined reference|cannot find|No rule to make target/.test(line))
  return (found ?? lines.at(-1) ?? 'make failed without a message').replace(/^(?:\S*\/)+/, '').slice(0, 200)
}
