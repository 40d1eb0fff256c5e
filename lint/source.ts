/**
 * The one door to the TypeScript compiler: what each file imports, and which globals it uses. The compiler runs in a process
 * of its own, this file being its program, because its server grumbles to stderr when it is told to end.
 */
import { API } from 'typescript/unstable/sync'
import type { Node, SourceFile } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isStringLiteral,
} from 'typescript/unstable/ast/is'
import { runCommand } from '#harness/support/process.ts'
import { InvariantError } from '#domain/errors.ts'

export interface Mention {
  readonly name: string
  /** 1-based. */
  readonly line: number
}

export interface Source {
  /** Absolute. */
  readonly file: string
  /** Specifiers as written, of static and dynamic imports, re-exports and import types. */
  readonly imports: readonly Mention[]
  /** Uses of the globals asked for. */
  readonly globals: readonly Mention[]
}

/**
 * Read every file of the TypeScript project in `root`, and find uses of the `globals` named: `console` for any use of it,
 * `Date.now` for that member, `new Date()` for that call without arguments. A local variable of such a name is no use of it.
 */
export async function readSources(root: string, globals: readonly string[]): Promise<Source[]> {
  const { stdout } = await runCommand(process.execPath, [import.meta.filename, root, ...globals])
  return JSON.parse(stdout) as Source[]
}

function askCompiler(root: string, globals: readonly string[]): Source[] {
  const api = new API({ cwd: root })
  try {
    using snapshot = api.updateSnapshot({ openProjects: [`${root}/tsconfig.json`] })
    const [project] = snapshot.getProjects()
    if (!project) throw new InvariantError(`no TypeScript project in ${root}`)
    const own = new Set<string>(project.rootFiles)
    const isGlobal = (node: Node): boolean => {
      const declarations = project.checker.getSymbolAtLocation(node)?.declarations ?? []
      return !declarations.some((declaration) => own.has(declaration.path))
    }
    return project.rootFiles.flatMap((file) => {
      const source = project.program.getSourceFile(file)
      return source ? [{ file, imports: findImports(source), globals: findGlobals(source, globals, isGlobal) }] : []
    })
  } finally {
    api.close()
  }
}

function findImports(source: SourceFile): Mention[] {
  return source.imports.filter(isStringLiteral).map((node) => ({ name: node.text, line: lineOf(source, node) }))
}

function findGlobals(source: SourceFile, globals: readonly string[], isGlobal: (node: Node) => boolean): Mention[] {
  const found: Mention[] = []
  const visit = (node: Node): void => {
    const name = usedNames(node).find((candidate) => globals.includes(candidate))
    if (name !== undefined && isGlobal(node)) found.push({ name, line: lineOf(source, node) })
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

/** The names a use of this identifier goes by, as they may stand in the list of globals. */
function usedNames(node: Node): string[] {
  if (!isIdentifier(node)) return []
  const { parent } = node
  if (isPropertyAccessExpression(parent)) return parent.name === node ? [] : [node.text, `${node.text}.${parent.name.text}`]
  if (isNewExpression(parent) && parent.expression === node && !parent.arguments?.length) return [node.text, `new ${node.text}()`]
  if (isCallExpression(parent) && parent.expression === node) return [node.text, `${node.text}()`]
  return [node.text]
}

function lineOf(source: SourceFile, node: Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

if (import.meta.main) {
  const [root = '', ...globals] = process.argv.slice(2)
  console.log(JSON.stringify(askCompiler(root, globals)))
}
