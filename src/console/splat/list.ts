/** The splats of one console, bounded in number: a flood of reports is counted, and does not hide a panic. */
import type { Splat, SplatSeverity } from '#domain/splat.ts'
import { ownText } from '../lines.ts'
import type { SplatRule } from './rule.ts'
import { OVERFLOW_RULE } from './table.ts'
import { titleOf } from './title.ts'

/** Reports kept of one console; of those past it only fatal ones are kept, as many again, and the rest is counted. */
export const MAX_SPLATS = 200

/** A report as it was found. */
export interface FoundReport {
  readonly rule: SplatRule
  readonly severity: SplatSeverity
  /** The headline as the kernel said it. */
  readonly headline: string
  /** The function that the kernel was in, or null. */
  readonly place: string | null
  readonly firstLine: number
  readonly lastLine: number
}

/** A list that keeps splats in order and says how many it could not take. */
export function createSplatList() {
  const splats: Splat[] = []
  const over = { count: 0, firstLine: 0, lastLine: 0 }
  const titles = new Map<string, string>()

  /** The title of a report; what one report says, the next often says too. */
  function titled({ rule, headline, place }: FoundReport): string {
    const key = `${rule.id}\n${place ?? ''}\n${headline}`
    const known = titles.get(key)
    if (known !== undefined) return known
    const title = ownText(titleOf(rule, headline, place))
    titles.set(ownText(key), title)
    return title
  }

  return {
    /** Keep a report if there is room; else count it. */
    keep(report: FoundReport): void {
      const { rule, severity, firstLine, lastLine } = report
      if (splats.length < (severity === 'fatal' ? 2 * MAX_SPLATS : MAX_SPLATS)) {
        splats.push({ rule: rule.id, severity, firstLine, lastLine, title: titled(report) })
        return
      }
      if (over.count === 0) over.firstLine = firstLine
      over.count += 1
      over.lastLine = lastLine
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
