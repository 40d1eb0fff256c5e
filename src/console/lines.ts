/** Raw serial bytes into clean lines: what stands before and inside the words of a log is taken off, line numbers stay. */
import { stripEscapes } from './escapes.ts'

/** Longest line kept, in UTF-16 units before cleaning; a longer one is cut with a note. */
export const MAX_LINE_LENGTH = 4096

/**
 * Bytes decoded at a time: a whole log given at once is never held twice. A line is part of its piece and keeps it in memory, so
 * who keeps few lines of very many copies them (`ownText`).
 */
const PIECE = 1 << 14

/** Units of a line that are looked at: two over the limit show that it is cut, a CR before the newline included. */
const TAKEN = MAX_LINE_LENGTH + 2

const TAB = 0x09
const NEWLINE = 0x0a
const CR = 0x0d

const CUT_NOTE = ' [line cut here]'

/**
 * A printk time stamp, `[    1.234567]`: padded to five places before the point, six behind it. The stamp must be padded
 * or have its six digits, so that a test's own `[0.5]` is not taken for one.
 */
export const STAMP = String.raw`\[(?: {1,8}\d{1,10}\.\d{1,9}|\d{1,10}\.\d{6})\]`
const CALLER = String.raw`\[ {0,12}[TC]\d{1,10}[^\]]{0,40}\]`

/** What printk puts after its stamp: `[    T1]` (CONFIG_PRINTK_CALLER) and one space. */
export const AFTER_STAMP = `(?: ?${CALLER})? ?`

/** The stamps of `dmesg -T` and `dmesg -d`. */
const DMESG_STAMP = String.raw`\[(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}| *\+\d{1,6}\.\d{6})\]`
/** What syslog and `journalctl -k` put before a kernel's message. */
const SYSLOG = String.raw`(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,+Z-]{8,32}) [^\s:]{1,64} kernel: `

const PREFIX = new RegExp(String.raw`(?:<\d{1,3}>|${STAMP}${AFTER_STAMP}|${DMESG_STAMP} ?|${SYSLOG})+`, 'y')
const DROPPED = /^\*\* (\d{1,15})\d* printk messages dropped/

/** Length of the shortest line that has a prefix or is a note of dropped messages, by its first character; others have none. */
const SHORTEST = Uint16Array.from({ length: 0x80 }, (_, code) => {
  const first = String.fromCharCode(code)
  // `<6>`, `** `, `[1.234567]`, the stamps of syslog.
  if (first === '<' || first === '*') return 3
  if (first === '[') return 10
  return /[\dA-Z]/.test(first) ? 25 : 0xffff
})

/** Whether a line, not an empty one, can have a prefix or be a note of dropped messages. */
function isMarked(line: string): boolean {
  return line.length >= SHORTEST[line.charCodeAt(0)]!
}

/** Length of what printk and those who pass its messages on put before them; 0 where the line has nothing of the kind. */
function prefixLength(line: string): number {
  if (line === '' || !isMarked(line)) return 0
  // `Jan 31`, `2026-01-31`
  const isSyslog = line.length > 4 && (line.charCodeAt(3) === 0x20 || line.charCodeAt(4) === 0x2d)
  if (!isSyslog && !line.startsWith('[') && !line.startsWith('<')) return 0
  PREFIX.lastIndex = 0
  return PREFIX.test(line) ? PREFIX.lastIndex : 0
}

/**
 * Take escapes, control bytes, `<N>` levels, time stamps and caller ids off one line (no newline in it).
 * Indentation behind the prefix stays: KTAP nests by it. Cleaning twice is cleaning once.
 */
export function cleanLine(raw: string): string {
  const line = stripEscapes(raw)
  return line.slice(prefixLength(line))
}

/** Whether nothing is left of a line of one character: a control character, or the CR before its newline. */
function isNothing(code: number, dirty: boolean): boolean {
  return dirty || code === CR
}

/** Takes a cleaned line with its 1-based number in the raw log; `stamped`: printk's own prefix was taken off it. */
export type OnLine = (line: string, number: number, stamped: boolean) => void

/** What was lost or damaged on the way. */
interface LineAccount {
  readonly lines: number
  /** Bytes that are not valid UTF-8. A U+FFFD in the input counts, too: it is earlier damage. */
  readonly badBytes: number
  /** printk messages the kernel says it dropped. */
  readonly droppedMessages: number
  readonly cutLines: number
}

export interface LineReader {
  push(chunk: Uint8Array): void
  /** The last line, if no newline ended it, then the account. */
  finish(): LineAccount
}

/**
 * An incremental reader: cleaned lines go to `onLine` with their 1-based number in the raw log.
 * Holds one line of at most MAX_LINE_LENGTH units besides the piece at hand; how the bytes are chunked changes nothing.
 */
export function createLineReader(onLine: OnLine): LineReader {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const account = { lines: 0, badBytes: 0, droppedMessages: 0, cutLines: 0 }
  let bytesIn = 0
  let bytesGood = 0
  let rest = ''

  // No reader asks a line for a character behind its end, and what few lines need stands apart: docs/decisions/034 says why.

  /** `dirty`: there may be control characters in the line, besides a CR at its end. */
  function emit(raw: string, dirty: boolean): void {
    account.lines += 1
    const line = raw.charCodeAt(raw.length - 1) === CR ? raw.slice(0, -1) : raw
    if (dirty || line === '' || line.length > MAX_LINE_LENGTH || isMarked(line)) emitOdd(line, dirty)
    else onLine(line, account.lines, false)
  }

  /** A line that can be other than it came. */
  function emitOdd(raw: string, dirty: boolean): void {
    const cut = raw.length > MAX_LINE_LENGTH
    let line = cut ? raw.slice(0, MAX_LINE_LENGTH) : raw
    if (dirty) line = stripEscapes(line)
    const prefix = prefixLength(line)
    if (prefix > 0) line = line.slice(prefix)
    if (cut) {
      account.cutLines += 1
      line += CUT_NOTE
    }
    if (line.startsWith('** ')) account.droppedMessages += Number(DROPPED.exec(line)?.[1] ?? 0)
    onLine(line, account.lines, prefix > 0)
  }

  function take(text: string): void {
    let start = 0
    let dirty = false
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index)
      if (code > 0x1f && (code < 0x7f || code > 0x9f)) continue
      if (code !== NEWLINE) {
        dirty ||= code !== TAB && (code !== CR || index + 1 === text.length || text.charCodeAt(index + 1) !== NEWLINE)
        continue
      }
      if (rest !== '') {
        emit(rest + text.slice(start, Math.min(index, start + TAKEN)), true)
        rest = ''
      } else if (index > start + 1 || (index > start && !isNothing(text.charCodeAt(start), dirty))) {
        emit(text.slice(start, Math.min(index, start + TAKEN)), dirty)
      } else {
        account.lines += 1
        onLine('', account.lines, false)
      }
      start = index + 1
      dirty = false
    }
    if (rest.length < TAKEN) rest = (rest + text.slice(start, start + TAKEN)).slice(0, TAKEN)
  }

  return {
    push(chunk) {
      bytesIn += chunk.length
      for (let start = 0; start < chunk.length; start += PIECE) {
        const text = decoder.decode(chunk.subarray(start, start + PIECE), { stream: true })
        bytesGood += goodBytes(text)
        take(text)
      }
    },
    finish() {
      const text = decoder.decode()
      bytesGood += goodBytes(text)
      take(text)
      if (rest !== '') emit(rest, true)
      return { ...account, badBytes: bytesIn - bytesGood }
    },
  }
}

/** Strings up to this length are never parts of others (V8's ConsString and SlicedString have a least length). */
const MAX_COPIED = 12

/** A line, or a part of one, in memory of its own: part of another string keeps the whole of that alive. */
export function ownText(line: string): string {
  if (line.length <= MAX_COPIED) return line
  const encoding = Buffer.byteLength(line) === line.length ? 'latin1' : 'utf16le'
  return Buffer.from(line, encoding).toString(encoding)
}

/** UTF-8 bytes of decoded text that are not replacement characters. */
function goodBytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  return text.includes('\uFFFD') ? bytes - 3 * (text.split('\uFFFD').length - 1) : bytes
}
