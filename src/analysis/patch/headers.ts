/** The headers of the changes in a patch. */
import { findSections, type Section } from './sections.ts'

/** The header lines of each file in a patch; of a damaged patch, none. */
export function findHeaders(text: string): string[][] {
  return sectionsOf(text).map(({ lines, body }) => lines.slice(0, body))
}

/** The changes of a text that was read before, so that damage would have been reported; none where it is damaged. */
export function sectionsOf(text: string): Section[] {
  try {
    return findSections(text, 'the patch')
  } catch {
    return []
  }
}
