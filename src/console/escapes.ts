/** Terminal escapes and control bytes, which a console log carries between and inside its words. */
/* oxlint-disable no-control-regex -- control bytes are what this file takes out */

/** Tab stays; everything else of C0, DEL and C1 goes. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]+/g

/**
 * The sequences of ECMA-48 (5th edition) and ECMA-35. A control string (a window title, a link) goes with its text only
 * where its end is on the same line: one that was cut must not take the line's words with it.
 */
const ESCAPES = new RegExp(
  [
    // CSI: parameters, intermediates, one final byte.
    String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]`,
    // DCS, SOS, OSC, PM, APC up to BEL or ST. The text holds no introducer, so that each is looked at once.
    String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)`,
    // nF: a character set is designated, as ESC ( B.
    String.raw`\x1b[ -/]+[0-~]`,
    // Fp, Fe, Fs: two bytes.
    String.raw`\x1b[0-~]`,
  ].join('|'),
  'g',
)

/** Take escape sequences and control bytes off one line. Most lines have none and come back as they are. */
export function stripEscapes(line: string): string {
  return CONTROL.test(line) ? line.replace(ESCAPES, '').replace(CONTROLS, '') : line
}
