/** Raw serial bytes into clean lines: what stands before and inside the words of a log is taken off, line numbers stay. */
/* oxlint-disable no-control-regex -- control bytes are what this file takes out */

/** Longest line kept, in UTF-16 units before cleaning; what is longer is cut with a note. */
export const LONGEST_LINE = 4096

/** Bytes decoded at a time: a whole log given at once is never held twice. */
const PIECE = 1 << 16

const CUT_NOTE = ' [line cut here]'

// Tab stays; everything else of C0, DEL and C1 goes.
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]+/g
// CSI sequences, OSC strings (titles, links), then two-byte escapes.
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g

/**
 * A printk time stamp, `[    1.234567]`: padded to five places before the point, six behind it. The stamp must be padded
 * or have its six digits, so that a test's own `[0.5]` is not taken for one.
 */
export const STAMP = String.raw`\[(?: +\d+\.\d+|\d+\.\d{6})\]`
const CALLER = String.raw`\[ *[TC]\d+[^\]]{0,40}\]`

/** What printk puts after its stamp: `[    T1]` (CONFIG_PRINTK_CALLER) and one space. */
export const AFTER_STAMP = `(?: ?${CALLER})? ?`

const PREFIX = new RegExp(String.raw`^(?:<\d{1,3}>|${STAMP}${AFTER_STAMP})+`)
const DROPPED = /^\*\* (\d{1,15})\d* printk messages dropped/

/**
 * Take escapes, control bytes, `<N>` levels, time stamps and caller ids off one line (no newline in it).
 * Indentation behind the prefix stays: KTAP nests by it. Cleaning twice is cleaning once.
 */
export function cleanLine(raw: string): string {
  const line = CONTROL.test(raw) ? raw.replace(ESCAPES, '').replace(CONTROLS, '') : raw
  const first = line.charCodeAt(0)
  return first === 0x5b /* [ */ || first === 0x3c /* < */ ? line.replace(PREFIX, '') : line
}

/** What was lost or damaged on the way. */
interface LineAccount {
  readonly lines: number
  /** Bytes that were no valid UTF-8. A U+FFFD that came in as such counts too: it is damage done earlier. */
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
 * Holds one line of at most LONGEST_LINE units besides the chunk at hand; how the bytes are chunked changes nothing.
 */
export function createLineReader(onLine: (line: string, number: number) => void): LineReader {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const account = { lines: 0, badBytes: 0, droppedMessages: 0, cutLines: 0 }
  let bytesIn = 0
  let bytesGood = 0
  let rest = ''

  function emit(raw: string): void {
    account.lines += 1
    let line = raw.charCodeAt(raw.length - 1) === 0x0d ? raw.slice(0, -1) : raw
    const cut = line.length > LONGEST_LINE
    line = cleanLine(cut ? line.slice(0, LONGEST_LINE) : line)
    if (cut) {
      account.cutLines += 1
      line += CUT_NOTE
    }
    if (line.charCodeAt(0) === 0x2a /* * */) account.droppedMessages += Number(DROPPED.exec(line)?.[1] ?? 0)
    onLine(line, account.lines)
  }

  function take(text: string): void {
    bytesGood += goodBytes(text)
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      emit(rest + text.slice(start, end))
      rest = ''
      start = end + 1
    }
    // Two units over the limit are enough to know that the line is cut, a CR before the newline included.
    if (rest.length < LONGEST_LINE + 2) rest = (rest + text.slice(start)).slice(0, LONGEST_LINE + 2)
  }

  return {
    push(chunk) {
      bytesIn += chunk.length
      for (let start = 0; start < chunk.length; start += PIECE) {
        take(decoder.decode(chunk.subarray(start, start + PIECE), { stream: true }))
      }
    },
    finish() {
      take(decoder.decode())
      if (rest !== '') emit(rest)
      return { ...account, badBytes: bytesIn - bytesGood }
    },
  }
}

/** UTF-8 bytes of decoded text that are not replacement characters. */
function goodBytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  return text.includes('\uFFFD') ? bytes - 3 * (text.split('\uFFFD').length - 1) : bytes
}
