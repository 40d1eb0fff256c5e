/**
 * Search a line for many literals at once (Aho-Corasick, as one table of transitions). Each character costs one look-up
 * whatever the text, so no line can be made that is slow to search.
 */

/** Characters past this one are in no literal. */
const ASCII = 128

/** What a search found, in the order of the ends: valid until the next search. */
export interface LiteralSearch {
  /** Search a line; returns how many literals were found. */
  search(line: string): number
  /** The number of each literal found. */
  readonly literals: Int32Array
  /** The index behind the last character of each. */
  readonly ends: Int32Array
}

/** Literals found in one line at most: more than a line of the greatest length can hold of those of the splat table. */
const MAX_FOUND = 1 << 14

/** Prepare a search for ASCII literals; one may be given more than once, and is then reported as often. */
export function createLiteralSearch(texts: readonly string[]): LiteralSearch {
  const { classes, width } = classesOf(texts)
  const trie = buildTrie(texts, classes, width)
  const { next, found } = linkSuffixes(trie, width)
  const flag = width - 1
  const literals = new Int32Array(MAX_FOUND)
  const ends = new Int32Array(MAX_FOUND)

  function keep(state: number, end: number, count: number): number {
    let total = count
    for (const literal of found[state / width]!) {
      if (total === MAX_FOUND) return total
      literals[total] = literal
      ends[total] = end
      total += 1
    }
    return total
  }

  return {
    literals,
    ends,
    search(line) {
      let state = 0
      let count = 0
      for (let index = 0; index < line.length; index += 1) {
        const code = line.charCodeAt(index)
        state = next[state + (code < ASCII ? classes[code]! : 0)]!
        if (next[state + flag] !== 0) count = keep(state, index + 1, count)
      }
      return count
    },
  }
}

/** A table by character code: 1 for the characters of a text, which are ASCII, else 0. */
export function codesOf(text: string): Uint8Array {
  const codes = new Uint8Array(ASCII)
  for (const char of text) codes[char.charCodeAt(0)] = 1
  return codes
}

/** A number for each character that is in a literal; 0 for the others. `width` is that of a row: one more, for its flag. */
function classesOf(literals: readonly string[]): { classes: Uint8Array; width: number } {
  const classes = new Uint8Array(ASCII)
  let last = 0
  for (const literal of literals) {
    for (const char of literal) {
      const code = char.charCodeAt(0)
      if (classes[code] === 0) classes[code] = ++last
    }
  }
  return { classes, width: last + 2 }
}

interface Trie {
  /** Rows of `width` columns: for each class the row that follows, as an index into `next`, 0 where there is none. */
  readonly next: number[]
  /** For each row the literals that end there. */
  readonly found: number[][]
}

function buildTrie(literals: readonly string[], classes: Uint8Array, width: number): Trie {
  const next: number[] = Array<number>(width).fill(0)
  const found: number[][] = [[]]
  for (const [number, literal] of literals.entries()) {
    let state = 0
    for (const char of literal) {
      const at = state + classes[char.charCodeAt(0)]!
      if (next[at] === 0) {
        next[at] = next.length
        next.push(...Array<number>(width).fill(0))
        found.push([])
      }
      state = next[at]!
    }
    found[state / width]!.push(number)
  }
  return { next, found }
}

/** Fill the gaps of a trie with where its longest suffix goes on, and flag the rows where a literal ends. */
function linkSuffixes({ next: trie, found }: Trie, width: number): { next: Int32Array; found: number[][] } {
  const next = Int32Array.from(trie)
  const suffix = new Int32Array(found.length)
  const queue = [0]
  for (const state of queue) {
    const own = suffix[state / width]!
    if (state !== 0) found[state / width]!.push(...found[own / width]!)
    for (let column = 1; column < width - 1; column += 1) {
      const child = next[state + column]!
      const other = state === 0 ? 0 : next[own + column]!
      if (child === 0) next[state + column] = other
      else {
        suffix[child / width] = other
        queue.push(child)
      }
    }
    next[state + width - 1] = found[state / width]!.length
  }
  return { next, found }
}
