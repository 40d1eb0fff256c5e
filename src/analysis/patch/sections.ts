/**
 * Finds the changes in the text of a patch as git apply finds them: file by file, headers at the first column, hunks as long as
 * they say. Words before, between and behind them, indented diffs among them, are passed over. One character is one byte.
 */
import { UserError } from '#domain/errors.ts'

/** Why a change cannot be applied, whatever the source. */
export type Obstacle = 'irreversible-deletion' | 'binary' | 'binary-without-content'

/** What a patch does to one file. */
export interface Section {
  /** The lines of it, unchanged, each with its line break. */
  readonly lines: readonly string[]
  /** Index in `lines` of the first line that is not a header. */
  readonly body: number
  readonly obstacle: Obstacle | null
}

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/
/** Lines that git writes between `diff --git` and the hunks. */
const EXTENDED = new RegExp(
  `^(?:${[
    'old mode|new mode|deleted file mode|new file mode',
    'copy from|copy to|rename old|rename new|rename from|rename to',
    'similarity index|dissimilarity index|index',
  ].join('|')}) `,
)
/** Abbreviated hash of the empty file, as SHA-1 or SHA-256. */
const EMPTY = /^(?:e69de29|473a0f4)/

/**
 * The changes of a patch in order. Throws UserError that begins with `label` for a change that is damaged: a hunk shorter or
 * longer than it says, or one that lost its content.
 */
export function findSections(text: string, label: string): Section[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const sections: Section[] = []
  let at = 0
  while (at < lines.length) {
    const end = sectionAt(lines, at, label)
    if (end === null) {
      checkStray(lines, at, label)
      at += 1
    } else {
      sections.push(end.section)
      at = end.next
    }
  }
  return sections
}

/** The section that begins at this line; null when none does. */
function sectionAt(lines: readonly string[], start: number, label: string) {
  const isGit = lines[start]?.startsWith('diff --git ') === true
  let at = start
  if (isGit) for (at += 1; EXTENDED.test(lines[at] ?? '');) at += 1
  const extended = lines.slice(start + 1, at)
  const isUnified = isOld(lines[at]) && isNew(lines[at + 1]) && HUNK.test(lines[at + 2] ?? '')
  if (!isGit && !isUnified) return null
  const body = isUnified ? at + 2 : at
  const make = (next: number, obstacle: Obstacle | null) => {
    return { section: { lines: lines.slice(start, next), body: body - start, obstacle }, next }
  }
  if (isUnified) return make(endOfHunks(lines, body, label), null)
  if (/^GIT binary patch\r?$/m.test(lines[at] ?? '')) return make(endOfBinary(lines, at + 1), 'binary')
  if (/^Binary files .* differ\r?$/m.test(lines[at] ?? '')) return make(at + 1, 'binary-without-content')
  if (extended.length === 0) return null
  const [, old = '', now = ''] = /^index ([0-9a-f]+)\.\.([0-9a-f]+)/m.exec(extended.join('')) ?? []
  const isDeletion = extended.some((line) => line.startsWith('deleted file mode'))
  const isEmpty = [old, now].some((hash) => EMPTY.test(hash)) && [old, now].some((hash) => /^0+$/.test(hash))
  if (old === now || isEmpty) return make(at, null)
  if (isDeletion) return make(at, 'irreversible-deletion')
  throw damaged(label, start, `${lines[start]?.trim()} has no content`)
}

/** Throws UserError for a header or a hunk that stands alone: a part of the patch would be left out without a word. */
function checkStray(lines: readonly string[], at: number, label: string): void {
  const line = lines[at] ?? ''
  if (HUNK.test(line)) throw damaged(label, at, `the hunk ${line.trim()} belongs to no file`)
  if (isOld(line) && isNew(lines[at + 1])) throw damaged(label, at, `${line.trim()} has no hunk`)
}

const isOld = (line: string | undefined) => line?.startsWith('--- ') === true
const isNew = (line: string | undefined) => line?.startsWith('+++ ') === true

/** Index behind the last of the hunks that begin here. */
function endOfHunks(lines: readonly string[], start: number, label: string): number {
  let at = start
  while (at < lines.length) {
    const [head, oldCount = '1', newCount = '1'] = HUNK.exec(lines[at] ?? '') ?? []
    if (head === undefined) break
    at = endOfHunk(lines, at, { old: Number(oldCount), now: Number(newCount) }, label)
  }
  return at
}

/** GNU patch takes so many empty lines at the end of a patch for cut off, and so do we. */
const MAX_CUT_LINES = 2

function endOfHunk(lines: readonly string[], start: number, counts: { old: number; now: number }, label: string): number {
  let { old, now } = counts
  let at = start + 1
  for (; old > 0 || now > 0; at += 1) {
    const line = lines[at]
    if (line === undefined && old === now && old <= MAX_CUT_LINES) return at
    const letter = line === undefined ? undefined : /^\r?\n$/.test(line) ? ' ' : line[0]
    if (letter === ' ') [old, now] = [old - 1, now - 1]
    else if (letter === '-') old -= 1
    else if (letter === '+') now -= 1
    else if (letter !== '\\') old = -1
    if (old < 0 || now < 0) throw damaged(label, start, `the hunk ${lines[start]?.trim()} ends early, at line ${at + 1}`)
  }
  // What is cut off a line of context or a removed one does not match the source; of an added one nothing would tell.
  const last = lines[at - 1] ?? ''
  if (last.startsWith('+') && !last.endsWith('\n')) {
    throw damaged(label, start, `the hunk ${lines[start]?.trim()} ends in the middle of an added line, at line ${at}`)
  }
  if (lines[at]?.startsWith('\\ ')) at += 1
  // A line such as `-- ` begins a signature, `--- ` the next file.
  if (/^(?:\+|-(?!-))/.test(lines[at] ?? ''))
    throw damaged(label, start, `the hunk ${lines[start]?.trim()} has more lines than it says`)
  return at
}

function damaged(label: string, line: number, what: string): UserError {
  const hint = 'a mail program may have wrapped or changed its lines: take the patch from its original mail, or git format-patch'
  return new UserError(`${label} cannot be read: it is damaged: ${what} (line ${line + 1} of the patch)`, hint)
}

/** Index behind a binary change: blocks that begin with `literal` or `delta` and end with an empty line. */
function endOfBinary(lines: readonly string[], start: number): number {
  let at = start
  while (/^(?:literal|delta) \d+\r?$/m.test(lines[at] ?? '')) {
    while (at < lines.length && !/^\r?\n$/.test(lines[at] ?? '')) at += 1
    at += 1
  }
  return Math.min(at, lines.length)
}

/** All of these changes as one patch, byte for byte, complete to the last line break. */
export function joinSections(sections: readonly Section[]): string {
  const text = sections.flatMap(({ lines }) => lines).join('')
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
