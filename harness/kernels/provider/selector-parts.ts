/**
 * Splits a selector into a path and its options: `PATH,key=VALUE,key=VALUE`. A path may contain any character: what is there
 * under the longest text is taken, and a backslash before a comma, an @ or a backslash makes it part of the path.
 */
import { existsSync } from 'node:fs'
import { UserError } from '#domain/errors.ts'

export interface SelectorParts {
  /** What stands before the first option, escapes included. */
  readonly first: string
  readonly options: readonly { readonly key: string; readonly value: string }[]
}

export interface PartsGrammar {
  /** The selector as errors quote it. */
  readonly whole: string
  /** Keys of options, and what their values are called: `{ patch: 'FILE' }`. */
  readonly keys: Readonly<Record<string, string>>
  /** Whether a text, escapes included, names something that is there. */
  readonly isThere: (key: string | null, text: string) => boolean
  /** What to write instead. */
  readonly hint: string
}

/** Split the text behind `tree:` or `file:`. Throws UserError for an option that has another key or no value. */
export function splitParts(text: string, { whole, keys, isThere, hint }: PartsGrammar): SelectorParts {
  const separators = [...text.matchAll(new RegExp(`(?<!\\\\)(?:\\\\\\\\)*,(?=(?:${Object.keys(keys).join('|')})=)`, 'g'))]
  const known = Object.entries(keys)
    .map((pair) => pair.join('='))
    .join(' nor ')
  const commas = separators.map((match) => match.index + match[0].length - 1)
  const read = (key: string | null, from: number) => {
    const ends = [...commas.filter((comma) => comma >= from), text.length]
    const end = ends.toReversed().find((one) => isThere(key, text.slice(from, one))) ?? ends[0] ?? text.length
    const value = text.slice(from, end)
    const stray = isThere(key, value) ? null : /(?<!\\)(?:\\\\)*,(.*)$/s.exec(value)
    if (stray) throw new UserError(`${whole}: ${JSON.stringify(stray[1])} is neither ${known}`, hint)
    return { value, end }
  }
  const first = read(null, 0)
  const options: { key: string; value: string }[] = []
  let at = first.end
  while (at < text.length) {
    const equals = text.indexOf('=', at)
    const key = text.slice(at + 1, equals)
    const { value, end } = read(key, equals + 1)
    if (value === '') throw new UserError(`${whole}: ${key}= names nothing`, hint)
    options.push({ key, value })
    at = end
  }
  return { first: first.value, options }
}

/** The path that a text names: itself where that is there, else without its escapes. */
export function pathIn(text: string): string {
  return existsSync(text) ? text : withoutEscapes(text)
}

/** A text as it is meant: each backslash before a comma, an @ or a backslash left out. */
export const withoutEscapes = (text: string): string => text.replaceAll(/\\([,@\\])/g, '$1')

/** Whether a path is there, as it is written or without its escapes. */
export const isPath = (text: string): boolean => text !== '' && existsSync(pathIn(text))

/** A path as a selector holds it, whatever characters it has. */
export const escapePath = (path: string): string => path.replaceAll(/[,@\\]/g, (character) => `\\${character}`)
