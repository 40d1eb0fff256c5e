/** Check: folders of code are small, neither folders nor files import each other in a circle, and imports do not climb. */
import { dirname } from 'node:path'
import { listFiles, type Diagnostic } from './check.ts'
import { readAliases, readSources, resolveImport, type Source } from './source.ts'

const MAX_FILES = 15
/** Recordings of consoles and of test output: one file for each oddity seen, so these folders may grow. */
const GOLDEN = 'test/golden/'
const CODE = /\.(?:[ch]|js|ts)$/

/** Hold the tree against these rules. An import of a type alone counts as an import. */
export async function checkRooms(root: string): Promise<Diagnostic[]> {
  const [files, aliases, sources] = await Promise.all([listFiles(root), readAliases(root), readSources(root)])
  const imports = new Map(
    sources.map(({ file, imports: mentions }) => [
      file,
      mentions.flatMap(({ name }) => resolveImport(file, name, aliases) ?? []),
    ]),
  )
  return [
    ...findLarge(files),
    ...findCircles(imports, 'file'),
    ...findCircles(byFolder(imports), 'folder'),
    ...findClimbs(sources),
  ]
}

function findLarge(files: readonly string[]): Diagnostic[] {
  const code = files.filter((file) => CODE.test(file) && !file.startsWith(GOLDEN))
  return [...Map.groupBy(code, dirname)]
    .filter(([, inside]) => inside.length > MAX_FILES)
    .map(([folder, inside]) => ({
      file: folder,
      line: null,
      message: `holds ${inside.length} files of code, the limit is ${MAX_FILES}`,
    }))
}

function findClimbs(sources: readonly Source[]): Diagnostic[] {
  return sources.flatMap(({ file, imports }) =>
    imports
      .filter(({ name }) => name.startsWith('../../'))
      .map(({ name, line }) => ({ file, line, message: `imports ${name}: use an alias of package.json (#domain/...)` })),
  )
}

type Graph = ReadonlyMap<string, Iterable<string>>

/** The same imports between folders. */
function byFolder(imports: ReadonlyMap<string, readonly string[]>): Graph {
  const folders = new Map<string, Set<string>>()
  for (const [file, targets] of imports) {
    const folder = dirname(file)
    const others = targets.map(dirname).filter((other) => other !== folder)
    folders.set(folder, (folders.get(folder) ?? new Set()).union(new Set(others)))
  }
  return folders
}

/** One diagnostic for each set of nodes that import each other, at the first of them. */
function findCircles(graph: Graph, kind: 'file' | 'folder'): Diagnostic[] {
  return findComponents(graph)
    .filter((nodes) => nodes.length > 1)
    .map((nodes) => {
      const [first = '', ...others] = nodes.toSorted()
      return { file: first, line: null, message: `this ${kind} imports in a circle with ${others.join(', ')}` }
    })
}

/** Tarjan's algorithm: the strongly connected components of a graph. */
function findComponents(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const found: string[][] = []
  const visit = (node: string): number => {
    const own = order.size
    order.set(node, own)
    open.push(node)
    let low = own
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? own)
    }
    if (low === own) found.push(open.splice(open.indexOf(node)))
    return low
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}
