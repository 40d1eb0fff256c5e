/** Parses unified diffs, one character per byte: the files they change, hunk by hunk. */
import { nameOf, namesIn, stripped } from './paths.ts'

export interface Hunk {
  /** First line before the change and after it, 1-based; 0 for a file that does not exist. */
  readonly oldStart: number
  readonly oldCount: number
  readonly newStart: number
  readonly newCount: number
  /** The text behind the second @@. */
  readonly heading: string
  /** Each with its first letter: ` `, `-` or `+`. */
  readonly lines: readonly string[]
}

export interface FileChange {
  /** Paths without their first folders; null for `/dev/null`. */
  readonly before: string | null
  readonly after: string | null
  readonly hunks: readonly Hunk[]
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/

/**
 * Parse a patch of git or diff -u; it skips text that is not a change, and a truncated hunk keeps its lines. `strip` is the
 * number of folders to take off its paths, as for `patch -p`.
 */
export function parseDiff(text: string, strip = 1): FileChange[] {
  const lines = text.split('\n')
  const files: { before: string | null; after: string | null; hunks: Hunk[] }[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    const next = lines[at + 1] ?? ''
    const head = HUNK.exec(line)
    if (line.startsWith('--- ') && next.startsWith('+++ ') && HUNK.test(lines[at + 2] ?? '')) {
      files.push({ before: stripped(nameOf(line), strip), after: stripped(nameOf(next), strip), hunks: [] })
      at += 2
    } else if (head && files.length > 0) {
      const [, oldStart, oldCount = '1', newStart, newCount = '1', heading = ''] = head
      const counts = { oldCount: Number(oldCount), newCount: Number(newCount) }
      const body = bodyOf(lines, at + 1, counts.oldCount, counts.newCount)
      files.at(-1)?.hunks.push({
        oldStart: Number(oldStart),
        newStart: Number(newStart),
        ...counts,
        heading: heading.trim(),
        lines: body.lines,
      })
      at = body.end
    } else {
      at += 1
    }
  }
  return files
}

/** The lines of a hunk, as many as its header announces. */
function bodyOf(lines: readonly string[], from: number, oldCount: number, newCount: number) {
  const found: string[] = []
  let [old, now, end] = [0, 0, from]
  while (end < lines.length && (old < oldCount || now < newCount)) {
    // Mailers remove the blank of an empty context line.
    const line = lines[end] === '' ? ' ' : (lines[end] ?? '')
    if (!/^[ +\-\\]/.test(line)) break
    if (line[0] !== '+' && line[0] !== '\\') old += 1
    if (line[0] !== '-' && line[0] !== '\\') now += 1
    if (line[0] !== '\\') found.push(line)
    end += 1
  }
  return { lines: found, end }
}

/** The path of a change: the new one, or the old one of a removal. */
export function fileOf({ before, after }: Pick<FileChange, 'before' | 'after'>): string {
  return after ?? before ?? ''
}

/** Every path that a patch names: changed, added, removed, renamed. */
export function touchedFiles(text: string, strip = 1): string[] {
  const names = namesIn(text).map(({ name, isWhole }) => stripped(name, isWhole ? Math.max(strip - 1, 0) : strip))
  return [...new Set(names)].filter((path) => path !== null && path !== '') as string[]
}

/** Runs of consecutive `+` lines (or `-` lines) in a hunk, without their first letter. */
export function blocksOf({ lines }: Pick<Hunk, 'lines'>, letter: '+' | '-'): string[][] {
  const blocks: string[][] = []
  let open = false
  for (const line of lines) {
    const isOne = line.startsWith(letter)
    if (isOne && open) blocks.at(-1)?.push(line.slice(1))
    else if (isOne) blocks.push([line.slice(1)])
    open = isOne
  }
  return blocks
}

/** Minimum number of tokens of a pure addition: `goto out;` occurs in many places. */
const MIN_TOKENS = 8

/**
 * Whether a file already contains the change of a hunk, by its tokens alone: the file contains each added block in one piece and
 * no removed block; blanks and line breaks do not count. False for hunks with too few tokens: a lone brace proves nothing.
 */
export function isThere(hunk: Hunk, file: string): boolean {
  const text = ` ${tokensOf(file).join(' ')} `
  const has = (block: readonly string[]) => text.includes(` ${tokensOf(block.join('\n')).join(' ')} `)
  const says = (block: readonly string[]) => block.some((line) => /\w{3}/.test(line))
  const [added, removed] = [blocksOf(hunk, '+').filter(says), blocksOf(hunk, '-').filter(says)]
  if (!added.every(has) || removed.some(has)) return false
  if (removed.length > 0 && added.length > 0) return true
  if (added.length > 0) return tokensOf(added.flat().join('\n')).length >= MIN_TOKENS
  // A pure removal shows in its context lines, which are now adjacent.
  const rest = hunk.lines.filter((line) => line.startsWith(' ')).map((line) => line.slice(1))
  return removed.length > 0 && says(rest) && has(rest)
}

const tokensOf = (text: string) => text.match(/\w+|[^\w\s]/g) ?? []
