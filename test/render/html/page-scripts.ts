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

export interface PageScripts {
  readonly unpacker: (packed: unknown) => Unpacker
  readonly parseQuery: (text: string) => { readonly terms: readonly Term[]; readonly problems: readonly string[] }
  readonly matchesTerm: (term: Term, text: string) => boolean
}

/** Load the scripts that touch no document. */
export function loadPageScripts(): PageScripts {
  const names = ['unpack.js', 'query.js']
  const text = names.map((name) => readFileSync(inRepository(`reports/templates/${name}`), 'utf8')).join('\n')
  return runInThisContext(`(() => {\n${text}\nreturn { unpacker, parseQuery, matchesTerm }\n})()`) as PageScripts
}
