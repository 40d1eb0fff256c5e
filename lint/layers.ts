/** Check: who imports whom is what layers.json says, and pure folders are pure. */
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Complaint } from './check.ts'
import { readSources } from './source.ts'

export interface Layers {
  /** Folder or file -> the folders and files it may import from, beside itself. */
  readonly folders: Readonly<Record<string, { readonly imports: readonly string[]; readonly pure?: boolean }>>
  /** npm package -> its doors: the files, or folders ending in a slash, that may import it. */
  readonly packages: Readonly<Record<string, readonly string[]>>
  /** What pure folders may import of Node, and the globals they may not touch. */
  readonly pure: { readonly builtins: readonly string[]; readonly forbidden: readonly string[] }
}

interface PackageJson {
  /** `#domain/*` -> `./src/domain/*`, as Node resolves them. */
  readonly imports: Readonly<Record<string, string>>
}

/** Hold every import and global of the tree against its lint/layers.json. */
export async function checkLayers(root: string): Promise<Complaint[]> {
  const layers = JSON.parse(await readFile(join(root, 'lint/layers.json'), 'utf8')) as Layers
  const { imports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Pick<PackageJson, 'imports'>
  const sources = await readSources(root, layers.pure.forbidden)
  return sources.flatMap((source): Complaint[] => {
    const file = relative(root, source.file)
    const folder = folderOf(file, layers)
    if (folder === null) return [{ file, line: null, message: 'lies in no folder that lint/layers.json names' }]
    const pure = layers.folders[folder]?.pure === true
    const judgedImports = source.imports.map(({ name, line }) => ({
      line,
      message: judgeImport(file, folder, resolveAlias(name, imports), layers),
    }))
    const globals = source.globals.map(({ name, line }) => ({ line, message: `${folder} is pure and uses ${name}` }))
    const judged = [...judgedImports, ...(pure ? globals : [])]
    return judged.flatMap(({ line, message }) => (message === null ? [] : [{ file, line, message }]))
  })
}

/** The path from the root that an alias of package.json stands for, with `root:` before it; any other specifier unchanged. */
function resolveAlias(specifier: string, aliases: PackageJson['imports']): string {
  if (!specifier.startsWith('#')) return specifier
  const [alias, path] = Object.entries(aliases).find(([name]) => specifier.startsWith(name.replace(/\*$/, ''))) ?? []
  if (alias === undefined || path === undefined) return specifier
  return `root:${path.slice('./'.length).replace('*', specifier.slice(alias.length - 1))}`
}

/** What is wrong with this import, null when nothing is. */
function judgeImport(file: string, folder: string, specifier: string, layers: Layers): string | null {
  if (specifier.startsWith('root:')) return judgeRelative(folder, specifier.slice('root:'.length), layers)
  if (specifier.startsWith('.')) return judgeRelative(folder, join(dirname(file), specifier), layers)
  if (isBuiltin(specifier)) {
    if (!layers.folders[folder]?.pure || layers.pure.builtins.includes(specifier)) return null
    return `${folder} is pure and imports ${specifier}`
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const doors = layers.packages[name]
  if (doors === undefined) return `imports ${name}, which lint/layers.json gives to no file`
  const isOpen = doors.some((door) => file === door || (door.endsWith('/') && file.startsWith(door)))
  return isOpen ? null : `imports ${name}, which only ${doors.join(' and ')} may`
}

function judgeRelative(folder: string, target: string, layers: Layers): string | null {
  const other = folderOf(target, layers)
  if (other === null) return `imports ${target}, which lies in no folder that lint/layers.json names`
  const allowed = [folder, ...(layers.folders[folder]?.imports ?? [])]
  return allowed.some((place) => isWithin(other, place)) ? null : `${folder} may not import from ${other}`
}

/** The longest entry of the layers that holds this path. */
function folderOf(path: string, layers: Layers): string | null {
  const holding = Object.keys(layers.folders).filter((place) => isWithin(path, place))
  return holding.toSorted((a, b) => b.length - a.length)[0] ?? null
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}
