/** The recipe of a kernel built from source: all that decides its bytes, as plain data kept under the kernel's id. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'
import { runCommand } from '#harness/support/process.ts'
import { replaceFile, type Workspace } from '#harness/support/workspace.ts'
import type { KernelContext } from '../provider/provider.ts'
import { readFragment, type Fragment } from './config.ts'
import type { TreeSelector } from './selector.ts'
import { findSource, type TreeSource } from './source.ts'

export interface Patch {
  readonly name: string
  readonly text: string
}

export interface Recipe {
  readonly schema: 'kwitness.tree-recipe/1'
  readonly kernel: Kernel
  readonly source: TreeSource
  readonly fragments: readonly Fragment[]
  readonly patches: readonly Patch[]
  /** Key of the same without patches: builds that share it share all objects that a patch does not touch. */
  readonly baseKey: string
}

/** What a selector means, pinned down. Throws UserError when a part of it cannot be read. */
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

/** Key of the build of a source with this compiler and config and no patch. */
export function baseKeyOf(source: string, compiler: string, fragments: readonly Fragment[]): string {
  return hashOf(baseOf(source, compiler, fragments)).slice(0, 16)
}

const baseOf = (source: string, compiler: string, fragments: readonly Fragment[]) => {
  return ['kwitness.tree-recipe/1', source, compiler, fragments.map(({ lines }) => lines)]
}

/** Where the base of that key lies: its source, and its objects in `build`. */
export function baseFolder(key: string, workspace: Workspace): string {
  return join(workspace.cache, 'trees', `base-${key}`)
}

/** Where the source of a recipe came from and what was done to it, for people. */
export function describeRecipe({ source, fragments, patches }: Recipe): string {
  const rest = [...fragments.slice(1).map(({ name }) => `config ${name}`), ...patches.map(({ name }) => `patch ${name}`)]
  return [source.label, ...rest].join(', ')
}

/** Keep a recipe, so that its kernel can be built by its id alone. */
export async function keepRecipe(recipe: Recipe, workspace: Workspace): Promise<void> {
  const folder = recipeFolder(workspace)
  await mkdir(folder, { recursive: true })
  await replaceFile(join(folder, `${recipe.kernel.id}.json`), `${JSON.stringify(recipe, null, 2)}\n`)
}

/** The recipe kept under that id, null when there is none. */
export async function readRecipe(id: string, workspace: Workspace): Promise<Recipe | null> {
  const text = await readFile(join(recipeFolder(workspace), `${id}.json`), 'utf8').catch(() => 'null')
  const recipe = JSON.parse(text) as Recipe | null
  return recipe?.schema === 'kwitness.tree-recipe/1' ? recipe : null
}

/** All recipes kept. */
export async function readRecipes(workspace: Workspace): Promise<Recipe[]> {
  const names = (await readdir(recipeFolder(workspace)).catch(() => [])).filter((name) => name.endsWith('.json'))
  const found = await Promise.all(names.map((name) => readRecipe(name.slice(0, -'.json'.length), workspace)))
  return found.filter((recipe) => recipe !== null)
}

const recipeFolder = (workspace: Workspace) => join(workspace.cache, 'trees', 'recipes')

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** A patch from its first change on: words about it make no other kernel. */
export function changesOf(text: string): string {
  const start = /^(?:diff |--- )/m.exec(text)
  return start ? text.slice(start.index) : ''
}

async function readPatch(path: string): Promise<Patch> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new UserError(`cannot read the patch ${path}: ${cause.message}`)
  })
  if (changesOf(text) !== '') return { name: basename(path).replace(/\.(?:patch|diff|mbox)$/, ''), text }
  throw new UserError(`${path} is no patch: it holds no change`, 'give what git format-patch or diff -u writes')
}

/** Compiler and linker, each by the first line it says of itself. */
export async function compilerVersion(): Promise<string> {
  const first = async (tool: string) => {
    const { stdout } = await runCommand(tool, ['--version']).catch(() => ({ stdout: '' }))
    return stdout.split('\n')[0]
  }
  return `${await first('gcc')}, ${await first('ld')}`
}
