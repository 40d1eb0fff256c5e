/** The paths in the headers of a patch, and how many of their first folders are not the source's. */
import { findHeaders } from './headers.ts'

/** A path as a header has it; null for `/dev/null`. */
export type Name = string | null

/** The path in a line `--- a/mm/x.c` or `+++ b/mm/x.c`, with its first folders. */
export function nameOf(line: string): Name {
  const text = line.slice('--- '.length).replace(/\r?\n?$/, '')
  const path = text.startsWith('"')
    ? unquoted(text.replace(/^("(?:[^"\\]|\\.)*").*$/s, '$1'))
    : decoded(text.replace(/\t.*$/, '').trimEnd())
  return path === '/dev/null' ? null : path
}

/** A path as git and patch quote it, `"a/\303\274.txt"`, or as it is. */
function unquoted(path: string): string {
  const [, inner] = /^"(.*)"$/s.exec(path) ?? []
  if (inner === undefined) return decoded(path)
  const bytes = inner.replaceAll(/\\([0-7]{3}|.)/g, (_, code: string) => {
    return /^\d/.test(code) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : (ESCAPES[code] ?? code)
  })
  return decoded(bytes)
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' }

/** Bytes, one per character, as the UTF-8 text that they are. */
export const decoded = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8')

/** A path without its first folders; null for a path that has not so many. */
export function stripped(name: Name, strip: number): Name {
  if (name === null) return null
  const parts = name.split(/\/+/)
  return parts.length > strip ? parts.slice(strip).join('/') : name
}

/** A path that a patch names; `isWhole` when git names it without `a/` or `b/`. */
interface NamedPath {
  readonly name: Name
  readonly isWhole: boolean
}

/** Every path that a patch names, in the order of its files. */
export function namesIn(text: string): NamedPath[] {
  return findHeaders(text).flatMap((header): NamedPath[] => {
    const sides = header.filter((line) => /^(?:---|\+\+\+) /.test(line)).map((line) => ({ name: nameOf(line), isWhole: false }))
    const moved = header.flatMap((line) => /^(?:rename|copy) (?:from|to) (.+?)\r?\n?$/.exec(line)?.[1] ?? [])
    const [first] = sides.length > 0 ? [] : header
    const both = first === undefined ? [] : sidesOf(first)
    return [
      ...sides,
      ...both.map((name) => ({ name, isWhole: false })),
      ...moved.map((path) => ({ name: unquoted(path), isWhole: true })),
    ]
  })
}

/** Both paths of a line `diff --git a/x b/x`. A path with blanks is told by being there twice. */
function sidesOf(line: string): string[] {
  const text = line.slice('diff --git '.length).replace(/\r?\n?$/, '')
  const quoted = text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  if (text.includes('"') || quoted.length === 2) return quoted.map(unquoted)
  const middle = (text.length - 1) / 2
  return Number.isInteger(middle) && text[middle] === ' ' ? [decoded(text.slice(0, middle)), decoded(text.slice(middle + 1))] : []
}

/** Folders that git and diff put before a path. */
const PREFIXES = /^(?:[abciow12]|[\w.+~-]*linux[\w.+~-]*|[^/]*\.orig)$/

/**
 * How many first folders of its paths a patch does not share with the source, as for `patch -p`: 1 where nothing speaks against
 * it. `exists` tells whether a path is in the source.
 */
export function stripOf(text: string, exists: (path: string) => boolean): number {
  const files = findHeaders(text).map(pathsOf)
  const score = (strip: number) => {
    const has = (name: string) => name.split('/').length > strip && exists(stripped(name, strip) ?? '')
    return files.filter(({ old, now }) => old !== null && [old, now ?? ''].some(has)).length
  }
  const scores = [0, 1, 2, 3].map(score)
  const best = Math.max(...scores)
  // git writes one and the same path on both sides only where it is told to leave out the prefixes.
  const isBare = files.some((file) => file.isBare)
  if (best > 0) return isBare && scores[0] === best ? 0 : scores[1] === best ? 1 : scores.indexOf(best)
  if (isBare) return 0
  const first =
    files
      .map(({ old, now }) => now ?? old)
      .find((name) => name !== null)
      ?.split('/')[0] ?? ''
  return !PREFIXES.test(first) && exists(first) ? 0 : 1
}

/** Both paths of a file in a patch, and whether git wrote them without prefixes. */
function pathsOf(header: readonly string[]) {
  const [one, other] = header[0]?.startsWith('diff --git ') === true ? sidesOf(header[0]) : []
  const side = (mark: string, otherwise: Name) => {
    const line = header.find((text) => text.startsWith(mark))
    return line === undefined ? otherwise : nameOf(line)
  }
  return { old: side('--- ', one ?? null), now: side('+++ ', other ?? null), isBare: one !== undefined && one === other }
}
