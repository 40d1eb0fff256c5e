/** The YAML block under a result (`  ---`), which TAP 13 and 14 have: its lines are kept as they are. */
import { isBlank } from './line-buffer.ts'
import { isVersion } from './line.ts'
import { addDiagnostic, type RawDocument } from './raw.ts'

const OPENS = /^([ \t]+)---\s*$/
/** Length of ` ---`. */
const MIN_OPENING = 4

/** Take a line of the YAML block under the last result; false where this line is not one. */
export function takeYaml(document: RawDocument, rest: string): boolean {
  if (document.yaml === null) {
    const first = rest.charCodeAt(0)
    if ((first !== 0x20 && first !== 0x09) || document.results.length === 0 || !isBlank(document.pending)) return false
    const opens = rest.length >= MIN_OPENING && rest.includes('---') ? OPENS.exec(rest) : null
    if (!opens) return false
    document.yaml = opens[1]!
  } else if (!rest.startsWith(document.yaml) || isVersion(rest.trim())) {
    document.yaml = null
    return false
  }
  if (rest.trim() === '...') document.yaml = null
  addDiagnostic(document, rest)
  return true
}
