/** What every shape of a notice says: its title, and its lines by kind of change. */
import { CHANGES, type Change } from '#domain/report/diff.ts'
import { countOf, many } from '#domain/numbers.ts'
import type { Notice } from '#domain/report/notice.ts'
import { BRIEF, CHANGE_LABELS, groupsOf, linesByKernel, resultName } from '../text/changes.ts'
import { oneLine } from '../text/format.ts'

/** Lines of one kind in a notice: its page and JSON have all of them. */
const MAX_LINES = 20

/** Letters of a failure in a title. */
const MAX_REASON = 120

/** What a person looks at first: the page and JSON say the rest. */
const TITLE_CHANGES: readonly Change[] = CHANGES.filter((change) => change !== 'same')

/** One line, for a subject: `kwitness nightly: 1 regressed, 2 fixed`. */
export function titleOf({ name, failure, diff, counts, run, problems }: Omit<Notice, 'schema' | 'key' | 'at' | 'url'>): string {
  if (failure !== null) return oneLine(`kwitness ${name}: the night failed: ${shortened(failure)}`)
  const trouble = problems.length > 0 ? [many(problems.length, 'problem')] : []
  const left = run?.unfinished ?? 0
  const unfinished = left > 0 ? [`${countOf(left)} unfinished`] : []
  return oneLine(`kwitness ${name}: ${[wordsOf({ diff, counts }), ...unfinished, ...trouble].join(', ')}`)
}

function shortened(text: string): string {
  const line = text.split('\n')[0] ?? ''
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}…` : line
}

function wordsOf({ diff, counts }: Pick<Notice, 'diff' | 'counts'>): string {
  if (diff === null) {
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
    return `first night, ${many(all, 'result')}, ${countOf(counts.lacks)} lack a fix`
  }
  const changed = TITLE_CHANGES.filter((change) => diff.counts[change] > 0)
  if (changed.length === 0) return 'nothing changed'
  return changed.map((change) => `${countOf(diff.counts[change])} ${change}`).join(', ')
}

/** A kind of change with its lines. */
export interface NoticeSection {
  readonly title: string
  readonly lines: readonly { readonly name: string; readonly text: string }[]
  /** Lines that are left out. */
  readonly more: number
}

/** The changes by urgency, then what went wrong. No line holds control characters or a line break. */
export function sectionsOf({ failure, diff, problems }: Notice): NoticeSection[] {
  const changes = (diff === null ? [] : groupsOf(diff)).map(({ change, entries }) => {
    const lines = BRIEF.includes(change)
      ? linesByKernel(entries).map((line) => ({ name: '', text: line }))
      : entries.map((entry) => ({ name: oneLine(resultName(entry)), text: oneLine(`${entry.title}: ${entry.summary}`) }))
    return section(`${CHANGE_LABELS[change].title} (${countOf(entries.length)})`, lines)
  })
  const listed = (title: string, texts: readonly string[]): NoticeSection[] =>
    texts.length === 0
      ? []
      : [
          section(
            title,
            texts.map((text) => ({ name: '', text: oneLine(text) })),
          ),
        ]
  const why = failure === null ? [] : failure.split('\n').filter((line) => line.trim() !== '')
  return [...listed('The night failed', why), ...changes, ...listed('Problems', problems)]
}

function section(title: string, lines: NoticeSection['lines']): NoticeSection {
  return { title, lines: lines.slice(0, MAX_LINES), more: Math.max(0, lines.length - MAX_LINES) }
}

/** Where to look: the run, and its page where there is one. */
export function footOf({ run, url }: Notice): string {
  if (run === null) return 'no result of this night; the next one goes on'
  return `run ${oneLine(run.id)}${url === null ? '' : `, ${oneLine(url)}`}`
}
