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
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { readFragment } from './config.ts'
import type { TreeSelector } from './selector.ts'
import { findSource } from './source.ts'

/** Resolve a selector to a recipe. Throws UserError when a part of it is unreadable. */
export async function makeRecipe(selector: TreeSelector, context: KernelContext): Promise<Recipe> {
  const [source, compiler, fragments, patches] = await Promise.all([
    findSource(selector.place, context),
    compilerVersion(),
    Promise.all(['base', ...selector.configs].map(readFragment)),
    Promise.all(selector.patches.map(readPatch)),
  ])
  const build = hashOf([...baseOf(source.key, compiler, fragments), patches.map(({ text }) => changesOf(text))]).slice(0, 12)
  const named = [...fragments.slice(1), ...patches].map(({ name }) => name.replaceAll(/[^\w.+-]+/g, '_'))
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
  const rest = [...fragments.slice(1).map(({ name }) => `config ${name}`), ...patches.map(({ name }) => `patch ${name}`)]
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

/** A patch from its first change on: the mail text above it does not change the kernel. */
export function changesOf(text: string): string {
  const start = /^(?:diff |--- )/m.exec(text)
  return start ? text.slice(start.index) : ''
}

async function readPatch(path: string): Promise<Patch> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UserError(`cannot read the patch ${path}: ${cause.message}`)
  })
  if (changesOf(text) !== '') return { name: basename(path).replace(/\.(?:patch|diff|mbox)$/, ''), text }
  throw new UserError(`${path} is not a patch: it contains no change`, 'give the output of git format-patch or diff -u')
}

/** The first lines of `gcc --version` and `ld --version`. */
export async function compilerVersion(): Promise<string> {
  const first = async (tool: string) => {
    const { stdout } = await runCommand(tool, ['--version']).catch(whenUnreadable({ stdout: '' }))
    return stdout.split('\n')[0]
  }
  return `${await first('gcc')}, ${await first('ld')}`
}
