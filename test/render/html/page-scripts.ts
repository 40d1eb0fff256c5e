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

/** What the filter reads of a matrix. */
export interface MatrixData {
  readonly rows: readonly Readonly<Record<'id' | 'version' | 'series' | 'branch' | 'words', string> & { known: boolean }>[]
  readonly columns: readonly Readonly<Record<'id' | 'words', string>>[]
  readonly answers: readonly Readonly<Record<'verdict' | 'claim' | 'finding' | 'change', string>>[]
  readonly answerOf: readonly Uint16Array[]
}

export interface PageScripts {
  readonly unpacker: (packed: unknown) => Unpacker
  readonly parseQuery: (text: string) => {
    readonly tree: QueryNode | null
    readonly terms: readonly Term[]
    readonly problems: readonly string[]
    readonly newest: boolean
  }
  /** The cells that match a parsed query, with flags of its rows and columns. */
  readonly pick: (
    matrix: MatrixData,
    query: unknown,
  ) => {
    readonly rows: readonly boolean[]
    readonly columns: readonly boolean[]
    readonly cells: readonly Uint8Array[]
    readonly count: number
    readonly counts: Readonly<Record<string, number>>
  }
  readonly matchesTerm: (term: Term, text: string) => boolean
  readonly compareVersions: (left: string, right: string) => number
  readonly withMark: (text: string, id: string) => string
  readonly withWord: (text: string, word: string) => string
  readonly exportCsv: (rows: readonly Readonly<Record<string, string>>[]) => string
  readonly exportMarkdown: (rows: readonly Readonly<Record<string, string>>[]) => string
}

const NAMES = 'unpacker, parseQuery, pick, matchesTerm, compareVersions, withMark, withWord, exportCsv, exportMarkdown'

/** Load the scripts that touch no document while they are loaded. */
export function loadPageScripts(): PageScripts {
  const names = ['unpack.js', 'query.js', 'matrix.js', 'fix.js', 'export.js']
  const text = names.map((name) => readFileSync(inRepository(`reports/templates/${name}`), 'utf8')).join('\n')
  return runInThisContext(`(() => {\n${text}\nreturn { ${NAMES} }\n})()`) as PageScripts
}
