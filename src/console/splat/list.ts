/** The splats of one console, bounded in number: a flood of reports is counted, and does not hide a panic. */
import type { Splat } from '#domain/splat.ts'
import { OVERFLOW_RULE } from './table.ts'

/** Reports kept of one console; of those past it only fatal ones are kept, as many again, and the rest is counted. */
export const MAX_SPLATS = 200

/** A list that keeps splats in order and says how many it could not take. */
export function createSplatList() {
  const splats: Splat[] = []
  const over = { count: 0, firstLine: 0, lastLine: 0 }

  return {
    /** Keep a splat if there is room. The title is asked for only then: in a flood it costs more than all the rest. */
    keep(splat: Omit<Splat, 'title'>, title: () => string): void {
      if (splats.length < (splat.severity === 'fatal' ? 2 * MAX_SPLATS : MAX_SPLATS)) {
        splats.push({ ...splat, title: title() })
        return
      }
      if (over.count === 0) over.firstLine = splat.firstLine
      over.count += 1
      over.lastLine = splat.lastLine
    },

    /** All that was kept, and a last one for the rest. */
    all(): Splat[] {
      if (over.count === 0) return splats
      const { count, firstLine, lastLine } = over
      const { id: rule, severity } = OVERFLOW_RULE
      return [...splats, { rule, severity, title: `${count} more reports are not listed`, firstLine, lastLine }]
    },
  }
}
