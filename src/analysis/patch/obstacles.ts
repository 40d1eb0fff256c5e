/** Changes in a patch that cannot be applied to any source, and why. */
import { sectionsOf } from './headers.ts'
import { touchedFiles } from './diff.ts'
import type { Obstacle } from './sections.ts'

export interface ObstacleAt {
  readonly file: string
  /** Why, as a clause about the change: `it removes ...`. */
  readonly why: string
  /** What to do about it. */
  readonly hint: string
}

const WHY: Readonly<Record<Obstacle, readonly [why: string, hint: string]>> = {
  'irreversible-deletion': [
    'it removes the file without saying what is in it, as git format-patch -D does',
    'make the patch again without -D (--irreversible-delete)',
  ],
  binary: ['it changes a binary file, which patch cannot do', 'leave the file out of the patch'],
  'binary-without-content': [
    'it changes a binary file without saying how, as git diff without --binary does',
    'leave the file out of the patch',
  ],
}

/** The obstacles in a patch, file by file. `strip` as for `patch -p`. */
export function obstaclesOf(text: string, strip = 1): ObstacleAt[] {
  return sectionsOf(text).flatMap(({ lines, obstacle }) => {
    if (obstacle === null) return []
    const [why, hint] = WHY[obstacle]
    return [{ file: touchedFiles(lines.join(''), strip).at(-1) ?? 'a file', why, hint }]
  })
}
