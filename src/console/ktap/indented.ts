/** Lines behind blanks or a mark: those that open a document inside the one at hand, and the YAML block under a result. */
import { isBlank } from './line-buffer.ts'
import { isVersion, type KtapLine } from './line.ts'
import { addDiagnostic, type RawDocument } from './raw.ts'

const HASH = 0x23
const SPACE = 0x20
const TAB = 0x09

/** 1 for the characters that a line begins with if it is more than text, behind its indentation. */
const SPEAKING = Uint8Array.from({ length: 0x80 }, (_, code) => (/[#onKTktBb\d]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Length of `# TAP version 1`. */
const MIN_MARKED = 15

/** Opens a YAML block, which TAP 13 and 14 have; its lines are kept as they are. */
const OPENS_YAML = /^([ \t]+)---\s*$/

/** Whether a line is indented, or a version line behind a mark: no other opens anything. */
export function mayOpen(rest: string): boolean {
  const first = rest.charCodeAt(0)
  return first === SPACE || first === TAB || (first === HASH && isVersionOfComments(rest))
}

/** How many spaces and tabs a line begins with. */
export function indentOf(rest: string): number {
  let end = 0
  while (end < rest.length && (rest.charCodeAt(end) === SPACE || rest.charCodeAt(end) === TAB)) end += 1
  return end
}

/** Whether a line that is indented by `width` can open a document, by the character behind that. */
export function mayOpenAt(rest: string, width: number): boolean {
  if (width === 0 || width === rest.length || SPEAKING[rest.charCodeAt(width)] !== 1) return false
  // A comment opens nothing, and is what is indented most.
  return rest.charCodeAt(width) !== HASH || rest.startsWith('# Subtest', width)
}

/** Whether what is said behind an indentation opens a document: a loose `ok` is prose, with its number it is a result. */
export function opens(said: KtapLine): boolean {
  return said.kind === 'result' ? said.number !== null : said.kind !== 'text' && said.kind !== 'comment'
}

/** Whether a version line stands behind one mark or more. */
export function isVersionOfComments(line: string): boolean {
  let at = 0
  if (line.length < MIN_MARKED) return false
  while (line.startsWith('# ', at)) at += 2
  return at > 0 && isVersion(line.slice(at))
}

/** Take a line of the YAML block under the last result; false where this line is not one. */
export function takeYaml(document: RawDocument, rest: string): boolean {
  if (document.yaml === null) {
    if (document.results.length === 0 || !isBlank(document.pending)) return false
    const opening = rest.startsWith('---', indentOf(rest)) ? OPENS_YAML.exec(rest) : null
    if (!opening) return false
    document.yaml = opening[1]!
  } else if (!rest.startsWith(document.yaml) || isVersion(rest.trim())) {
    document.yaml = null
    return false
  }
  if (rest.trim() === '...') document.yaml = null
  addDiagnostic(document, rest)
  return true
}
