/** The page's own scripts, loaded for tests that need no browser: they are plain functions of plain data. */
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { inRepository } from '#harness/support/repository.ts'

interface Unpacker {
  readonly root: number
  readonly member: (node: number, key: string | number) => number
  readonly value: (node: number) => unknown
}

interface Term {
  readonly key: string | null
  readonly about: string
  readonly negated: boolean
}

/** A node of a query. */
export type QueryNode =
  | Term
  | { readonly any: readonly QueryNode[] }
  | { readonly all: readonly QueryNode[] }
  | { readonly not: QueryNode }

export interface PageScripts {
  readonly unpacker: (packed: unknown) => Unpacker
  readonly parseQuery: (text: string) => {
    readonly tree: QueryNode | null
    readonly terms: readonly Term[]
    readonly problems: readonly string[]
    readonly newest: boolean
  }
  readonly matchesTerm: (term: Term, text: string) => boolean
  readonly compareVersions: (left: string, right: string) => number
  readonly withMark: (text: string, id: string) => string
  readonly withWord: (text: string, word: string) => string
  readonly exportCsv: (rows: readonly Readonly<Record<string, string>>[]) => string
  readonly exportMarkdown: (rows: readonly Readonly<Record<string, string>>[]) => string
}

const NAMES = 'unpacker, parseQuery, matchesTerm, compareVersions, withMark, withWord, exportCsv, exportMarkdown'

/** Load the scripts that touch no document while they are loaded. */
export function loadPageScripts(): PageScripts {
  const names = ['unpack.js', 'query.js', 'fix.js', 'export.js']
  const text = names.map((name) => readFileSync(inRepository(`reports/templates/${name}`), 'utf8')).join('\n')
  return runInThisContext(`(() => {\n${text}\nreturn { ${NAMES} }\n})()`) as PageScripts
}
