/** Recipes: everything that decides the bytes of a kernel built from source, stored as JSON under the kernel's id. */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'
import { runCommand } from '#harness/support/process.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { recipeSchema, type Fragment, type Patch, type Recipe } from '#schema/cache/tree.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { makeFolder, replaceFile, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import { obstaclesOf } from '#analysis/patch/obstacles.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import { readPatches } from '#harness/patches/read.ts'
import { patchKey, storedPatch } from '#harness/patches/stored.ts'
import { readFragment } from './config.ts'
import type { TreeSelector } from './selector.ts'
import { findSource } from './source.ts'

/**
 * Resolve a selector to a recipe; `given` are patches on top of those it names. Throws UserError when a part of it is
 * unreadable.
 */
export async function makeRecipe(
  selector: TreeSelector,
  context: KernelContext,
  given: readonly GivenPatch[] = [],
): Promise<Recipe> {
  const [source, compiler, fragments, read] = await Promise.all([
    findSource(selector.place, context),
    compilerVersion(),
    Promise.all(['base', ...selector.configs].map(readFragment)),
    Promise.all(selector.patches.map((path) => readPatchFile(path, context))),
  ])
  const files = [...read, ...given]
  const patches = files.flatMap(storedPatches)
  const build = hashOf([...baseOf(source.key, compiler, fragments), patches.map(patchKey)]).slice(0, 12)
  const named = [...fragments.slice(1), ...files].map(({ name }) => name.replaceAll(/[^\w.+-]+/g, '_'))
  const flavour = named.join('+') || 'base'
  const id = `tree-${source.version}-${flavour}-${build}`
  const kernel: Kernel = {
    id,
    provider: 'tree',
    version: source.version,
    series: seriesOf(source.version),
    build,
    flavour,
    arch: 'x86_64',
  }
  const baseKey = baseKeyOf(source.key, compiler, fragments)
  return { schema: 'kwitness.tree-recipe/1', kernel, source, fragments, patches, baseKey }
}

/** Key of a base: source, compiler and config, without patches. */
export function baseKeyOf(source: string, compiler: string, fragments: readonly Fragment[]): string {
  return hashOf(baseOf(source, compiler, fragments)).slice(0, 16)
}

const baseOf = (source: string, compiler: string, fragments: readonly Fragment[]) => {
  return ['kwitness.tree-recipe/1', source, compiler, fragments.map(({ lines }) => lines)]
}

/** Folder of the base with that key: its source, and its objects in `build`. */
export function baseFolder(key: string, workspace: Workspace): string {
  return join(buildRoot(workspace.cache), 'trees', `base-${key}`)
}

/** The source of a recipe, its fragments and patches, as text for people. */
export function describeRecipe({ source, fragments, patches }: Recipe): string {
  // Of a series one file is named, not each of its patches.
  const files = patches.map(({ name }) => name).filter((name) => (/ (\d+)\/\d+$/.exec(name)?.[1] ?? '1') === '1')
  const named = files.map((name) => `patch ${name.replace(/ 1\/(\d+)$/, ' ($1 patches)')}`)
  const rest = [...fragments.slice(1).map(({ name }) => `config ${name}`), ...named]
  return [source.label, ...rest].join(', ')
}

/** Store a recipe, so that its kernel can be built by id. */
export async function storeRecipe(recipe: Recipe, workspace: Workspace): Promise<void> {
  const folder = recipeFolder(workspace)
  await makeFolder(folder)
  await replaceFile(join(folder, `${recipe.kernel.id}.json`), `${JSON.stringify(recipe, null, 2)}\n`)
}

/** The recipe stored under that id; null when there is none, or it is damaged. */
export function readRecipe(id: string, workspace: Workspace): Promise<Recipe | null> {
  return readJsonCache(join(recipeFolder(workspace), `${id}.json`), recipeSchema)
}

/** All stored recipes. */
export async function readRecipes(workspace: Workspace): Promise<Recipe[]> {
  const names = (await readdir(recipeFolder(workspace)).catch(whenUnreadable([]))).filter((name) => name.endsWith('.json'))
  const found = await Promise.all(names.map((name) => readRecipe(name.slice(0, -'.json'.length), workspace)))
  return found.filter((recipe) => recipe !== null)
}

const recipeFolder = (workspace: Workspace) => join(workspace.cache, 'trees', 'recipes')

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** Patches under one name: those of a file, in order. Each is text with one character per byte. */
export interface GivenPatch {
  readonly name: string
  readonly texts: readonly string[]
}

/** The patches to keep of a file. Throws UserError for one that can be applied to no source. */
function storedPatches({ name, texts }: GivenPatch): Patch[] {
  return texts.map((text, index) => {
    const [obstacle] = obstaclesOf(text)
    if (obstacle) throw new UserError(`the patch ${name} cannot be applied: ${obstacle.file}: ${obstacle.why}`, obstacle.hint)
    return storedPatch(texts.length === 1 ? name : `${name} ${index + 1}/${texts.length}`, text)
  })
}

async function readPatchFile(path: string, context: KernelContext): Promise<GivenPatch> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new UserError(`cannot read the patch ${path}: ${cause.message}`)
  })
  const { patches, notes } = await readPatches(bytes, path, context.workspace.cache)
  for (const note of notes) reportProgress(context, null, note)
  return { name: basename(path).replace(/\.(?:patch|diff|mbox|eml)$/, ''), texts: patches.map(({ text }) => text) }
}

/** By the search path, for as long as this process lives: every build asks. */
const compilerVersions = new Map<string | undefined, Promise<string>>()

/** The first lines of `gcc --version` and `ld --version`. */
export function compilerVersion(): Promise<string> {
  const path = process.env['PATH']
  const known = compilerVersions.get(path) ?? readCompilerVersion()
  compilerVersions.set(path, known)
  return known
}

async function readCompilerVersion(): Promise<string> {
  const first = async (tool: string) => {
    const { stdout } = await runCommand(tool, ['--version']).catch(whenUnreadable({ stdout: '' }))
    return stdout.split('\n')[0]
  }
  return (await Promise.all([first('gcc'), first('ld')])).join(', ')
}
