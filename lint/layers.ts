/** Check: who imports whom is what layers.json says, and pure folders are pure. */
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import type { Diagnostic } from './check.ts'
import { findGlobals, readAliases, readSources, resolveImport, type Aliases, type Source } from './source.ts'

interface Layers {
  /** Folder or file -> the folders and files it may import from, beside itself. */
  readonly folders: Readonly<Record<string, { readonly imports: readonly string[]; readonly pure?: boolean }>>
  /** npm package -> its importers: the files, or folders ending in a slash, that may import it. */
  readonly packages: Readonly<Record<string, readonly string[]>>
  /** What pure folders may import of Node, and the globals they may not touch. */
  readonly pure: { readonly builtins: readonly string[]; readonly forbidden: readonly string[] }
}

/** Compare every import and global of the tree with its lint/layers.json. */
export async function checkLayers(root: string): Promise<Diagnostic[]> {
  const layers = JSON.parse(await readFile(join(root, 'lint/layers.json'), 'utf8')) as Layers
  const [aliases, sources] = await Promise.all([readAliases(root), readSources(root)])
  return sources.flatMap((source) => diagnose(source, aliases, layers))
}

function diagnose(source: Source, aliases: Aliases, layers: Layers): Diagnostic[] {
  const { file } = source
  const folder = folderOf(file, layers)
  if (folder === null) return [{ file, line: null, message: 'lies in no folder that lint/layers.json names' }]
  const imports = source.imports.flatMap(({ name, line }) => {
    const target = resolveImport(file, name, aliases)
    const message = target === null ? judgePackage(file, folder, name, layers) : judgeTarget(folder, target, layers)
    return message === null ? [] : [{ file, line, message }]
  })
  if (!layers.folders[folder]?.pure) return imports
  const globals = findGlobals(source, layers.pure.forbidden)
  return [...imports, ...globals.map(({ name, line }) => ({ file, line, message: `${folder} is pure and uses ${name}` }))]
}

/** What is wrong with importing this package or module of Node, null when nothing is. */
function judgePackage(file: string, folder: string, specifier: string, layers: Layers): string | null {
  if (isBuiltin(specifier)) {
    if (!layers.folders[folder]?.pure || layers.pure.builtins.includes(specifier)) return null
    return `${folder} is pure and imports ${specifier}`
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  const importers = layers.packages[name]
  if (importers === undefined) return `imports ${name}, which lint/layers.json gives to no file`
  const may = importers.some((importer) => file === importer || (importer.endsWith('/') && file.startsWith(importer)))
  return may ? null : `imports ${name}, which only ${importers.join(' and ')} may`
}

/** What is wrong with importing this file of the tree, null when nothing is. */
function judgeTarget(folder: string, target: string, layers: Layers): string | null {
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
