/** What every XML rendering is made of. */
import { oneLine } from './format.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** Text for XML 1.0, in an element or an attribute: what XML cannot hold is left out, line breaks stay. */
export function escapeXml(text: string): string {
  return text
    .split('\n')
    .map(oneLine)
    .join('\n')
    .replaceAll(/[\uD800-\uDFFF\uFFFE\uFFFF]/gu, '')
    .replaceAll(/[&<>"']/g, (char) => ENTITIES[char]!)
}
