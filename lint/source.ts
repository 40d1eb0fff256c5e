/** What TypeScript files import, and which globals they use: the only importer of the parser. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { analyze, type AnalyzeOptions } from '@typescript-eslint/scope-manager'
import { parseSync, Visitor, type ParseResult } from 'oxc-parser'
import { InvariantError } from '#domain/errors.ts'
import { listFiles } from './check.ts'

export interface Mention {
  readonly name: string
  /** 1-based. */
  readonly line: number
}

export interface Source {
  /** Relative to the root of the tree. */
  readonly file: string
  readonly text: string
  /** Specifiers as written, of static and dynamic imports, re-exports and import types. */
  readonly imports: readonly Mention[]
}

/** What Node reads of package.json: `#domain/*` -> `./src/domain/*`. */
export type Aliases = Readonly<Record<string, string>>

/** Read every TypeScript file of the tree. Throws InvariantError for a file that does not parse. */
export async function readSources(root: string): Promise<Source[]> {
  const files = (await listFiles(root)).filter((file) => file.endsWith('.ts'))
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), 'utf8')
      return { file, text, imports: findImports(text, parse(file, text)) }
    }),
  )
}

/** The `imports` of the tree's package.json. */
export async function readAliases(root: string): Promise<Aliases> {
  const { imports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly imports: Aliases }
  return imports
}

/** The path from the root that a specifier of this file stands for; null for a package or a module of Node. */
export function resolveImport(file: string, specifier: string, aliases: Aliases): string | null {
  if (specifier.startsWith('.')) return join(dirname(file), specifier)
  const [alias, path] = Object.entries(aliases).find(([name]) => specifier.startsWith(name.replace(/\*$/, ''))) ?? []
  if (alias === undefined || path === undefined) return null
  return path.slice('./'.length).replace('*', specifier.slice(alias.length - 1))
}

/**
 * Uses of the `globals` named: `console` for any use of it, `Date.now` for that member, `new Date()` for that call without
 * arguments. A local variable of such a name is not a use of the global.
 */
export function findGlobals({ file, text }: Pick<Source, 'file' | 'text'>, globals: readonly string[]): Mention[] {
  const { program } = parse(file, text)
  // Where an identifier begins -> the larger expression that it begins.
  const larger = new Map<number, string>()
  new Visitor({
    MemberExpression({ computed, object, property }) {
      if (!computed && object.type === 'Identifier') larger.set(object.start, `${object.name}.${property.name}`)
    },
    NewExpression({ callee, arguments: given }) {
      if (given.length === 0 && callee.type === 'Identifier') larger.set(callee.start, `new ${callee.name}()`)
    },
    CallExpression({ callee }) {
      if (callee.type === 'Identifier') larger.set(callee.start, `${callee.name}()`)
    },
  }).visit(program)
  // Both follow the same specification of a syntax tree (ESTree, as typescript-eslint extends it).
  const tree = program as unknown as Parameters<typeof analyze>[0]
  const { globalScope } = analyze(tree, SCOPES)
  const unresolved = (globalScope?.through ?? []).map(({ identifier: { name, range } }) => ({ name, start: range[0] }))
  return unresolved.flatMap(({ name, start }) => {
    const used = [name, larger.get(start) ?? ''].find((candidate) => globals.includes(candidate))
    return used === undefined ? [] : [{ name: used, line: lineAt(text, start) }]
  })
}

/** The regular expressions that stand in a file as such, in order. */
export function findExpressions({ file, text }: Pick<Source, 'file' | 'text'>): Pick<RegExp, 'source' | 'flags'>[] {
  const found: Pick<RegExp, 'source' | 'flags'>[] = []
  new Visitor({
    Literal(node) {
      if ('regex' in node) found.push({ source: node.regex.pattern, flags: node.regex.flags })
    },
  }).visit(parse(file, text).program)
  return found
}

const SCOPES: AnalyzeOptions = { sourceType: 'module', lib: [] }

function parse(file: string, text: string): ParseResult {
  const result = parseSync(file, text, { astType: 'ts', range: true })
  const [error] = result.errors
  if (error) throw new InvariantError(`${file} does not parse: ${error.message}`)
  return result
}

function findImports(text: string, parsed: ParseResult): Mention[] {
  const { staticImports, staticExports } = parsed.module
  const found = [
    ...staticImports.map(({ moduleRequest }) => moduleRequest),
    ...staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest ?? [])),
  ].map(({ value, start }) => ({ value, start }))
  // The tree is made only where it is needed: that takes longer than all the rest.
  if (/\bimport\s*\(/.test(text)) {
    const add = (node: { readonly type: string; readonly start: number; readonly value?: unknown }): void => {
      if (typeof node.value === 'string') found.push({ value: node.value, start: node.start })
    }
    new Visitor({ ImportExpression: ({ source }) => add(source), TSImportType: ({ source }) => add(source) }).visit(
      parsed.program,
    )
  }
  return found.toSorted((a, b) => a.start - b.start).map(({ value, start }) => ({ name: value, line: lineAt(text, start) }))
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
