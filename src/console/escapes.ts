/** Terminal escapes and control bytes, which a console log carries between and inside its words. */

const ESC = 0x1b
const CSI = 0x9b
/** `[`, which behind ESC is CSI too. */
const BRACKET = 0x5b
const BEL = 0x07
/** The string terminator as one byte. */
const ST = 0x9c

/** Whether a character is one of C0 but tab, DEL, or one of C1. */
function isControl(code: number): boolean {
  return code < 0x20 ? code !== 0x09 : code >= 0x7f && code <= 0x9f
}

/**
 * Take escape sequences and control bytes off one line: the sequences of ECMA-48 (5th edition) and ECMA-35, and what is left
 * of C0, DEL and C1 but tabs. A control string (a window title, a link) goes with its text only where its end is on the
 * same line: one that was cut must not take the line's words with it.
 */
export function stripEscapes(line: string): string {
  let kept = ''
  let pieces = 0
  /** Where the text begins that is not yet in `kept`. */
  let start = 0
  let at = 0
  while (at < line.length) {
    const code = line.charCodeAt(at)
    if (!isControl(code)) {
      at += 1
      continue
    }
    if (start < at) {
      if (pieces === MAX_PIECES) return kept + stripMany(line, start)
      kept += line.slice(start, at)
      pieces += 1
    }
    at = behindControl(line, at, code)
    start = at
  }
  return start === 0 ? line : kept + line.slice(start)
}

/** Behind the control character `code` at `at`, or the sequence that begins there. */
function behindControl(line: string, at: number, code: number): number {
  return code === ESC || code >= 0x80 ? sequenceEnd(line, at, code) : at + 1
}

/** Pieces of text of which a line is put together: no ordinary one has more. */
const MAX_PIECES = 16
/** What is left of a line with more of them, and its low bytes. */
let units = new Uint16Array(1 << 13)
let bytes = Buffer.alloc(units.length)

/** The same for what begins at `from` of a line that is hardly more than escapes: one text, not one for each piece. */
function stripMany(line: string, from: number): string {
  if (line.length > units.length) {
    units = new Uint16Array(line.length)
    bytes = Buffer.alloc(line.length)
  }
  let length = 0
  let all = 0
  for (let at = from; at < line.length;) {
    const code = line.charCodeAt(at)
    if (isControl(code)) {
      at = behindControl(line, at, code)
      continue
    }
    units[length] = code
    bytes[length] = code
    all |= code
    length += 1
    at += 1
  }
  if (all < 0x100) return bytes.toString('latin1', 0, length)
  return Buffer.from(units.buffer, 0, 2 * length).toString('utf16le')
}

/** Where the sequence ends that begins at `at` with `code`; a control character without one is one long. */
function sequenceEnd(line: string, at: number, code: number): number {
  if (code !== ESC) {
    const end = code === CSI ? csiEnd(line, at + 1) : opensString(code) ? stringEnd(line, at + 1) : -1
    return end < 0 ? at + 1 : end
  }
  const next = at + 1 < line.length ? line.charCodeAt(at + 1) : 0
  // Nothing begins with two escapes.
  if (next < 0x20 || next > 0x7e) return at + 1
  const end = next === BRACKET ? csiEnd(line, at + 2) : opensString(next + 0x40) ? stringEnd(line, at + 2) : -1
  if (end >= 0) return end
  // Fp, Fe and Fs are two bytes; nF, which designates a character set as ESC ( B does, has more between them.
  let final = at + 1
  while (final < line.length && isIntermediate(line.charCodeAt(final))) final += 1
  const last = final < line.length ? line.charCodeAt(final) : 0
  return last >= 0x30 && last <= 0x7e ? final + 1 : at + 1
}

const isIntermediate = (code: number): boolean => code >= 0x20 && code <= 0x2f

/** Behind the parameters, the intermediates and the final byte of a control sequence; -1 where it has no final byte. */
function csiEnd(line: string, from: number): number {
  let at = from
  while (at < line.length && isParameter(line.charCodeAt(at))) at += 1
  while (at < line.length && isIntermediate(line.charCodeAt(at))) at += 1
  const last = at < line.length ? line.charCodeAt(at) : 0
  return last >= 0x40 && last <= 0x7e ? at + 1 : -1
}

const isParameter = (code: number): boolean => code >= 0x30 && code <= 0x3f

/** Whether DCS, SOS, OSC, PM or APC: they open a control string. */
function opensString(code: number): boolean {
  return code === 0x90 || code === 0x98 || (code >= 0x9d && code <= 0x9f)
}

/** Behind BEL or ST; -1 where another control of the kind, or the line's end, comes first. */
function stringEnd(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    const code = line.charCodeAt(at)
    if (code === BEL || code === ST) return at + 1
    if (code === ESC) return line.startsWith('\\', at + 1) ? at + 2 : -1
    if (code >= 0x80 && code <= 0x9f) return -1
  }
  return -1
}
