/** The page of a night: what changed, what went wrong, and the way to its matrix and to the nights beside it. */
import type { Change } from '#domain/report/diff.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Night } from '#domain/report/night.ts'
import { BRIEF, CHANGE_LABELS, groupsOf, linesByKernel, resultName } from '../text/changes.ts'
import { momentOf, oneLine } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import { linkOf, sitePage, type SiteAssets } from './assets.ts'
import { toneOf, wordsOf } from './index-page.ts'

const TONES: Partial<Record<Change, string>> = { regressed: 'bad', fixed: 'good' }
const VERDICT_TONES: Partial<Record<Verdict, string>> = { lacks: 'bad', carries: 'good' }

/** What is beside a night: the nights before and after it, null where there is none, and its matrix. */
interface Beside {
  readonly hasMatrix: boolean
  readonly earlier: Night | null
  readonly later: Night | null
}

/** Render it. */
export function renderNight(name: string, night: Night, { earlier, later, hasMatrix }: Beside, assets: SiteAssets): string {
  const link = (other: Night | null) => other && { href: linkOf('..', other.key, 'index.html'), when: momentOf(other.startedAt) }
  const { diff } = night
  return sitePage(assets, 'night', {
    name: oneLine(name),
    when: momentOf(night.startedAt),
    run: oneLine(night.run),
    tone: toneOf(night),
    words: wordsOf(night),
    hasMatrix,
    earlier: link(earlier),
    later: link(later),
    before: diff && oneLine(diff.before.id),
    counts: Object.entries(VERDICT_LABELS).map(([verdict, { word }]) => ({ word, count: night.counts[verdict as Verdict] })),
    problems: night.problems.map(oneLine),
    groups: (diff === null ? [] : groupsOf(diff)).map(({ change, entries }) => ({
      ...CHANGE_LABELS[change],
      tone: TONES[change] ?? 'unsure',
      brief: BRIEF.includes(change) ? linesByKernel(entries) : [],
      entries: (BRIEF.includes(change) ? [] : entries).map((entry) => ({
        name: oneLine(resultName(entry)),
        title: oneLine(entry.title),
        kernel: linkOf('..', '..', 'kernels', `${(entry.after ?? entry.before)?.kernel}.html`),
        fix: linkOf('..', '..', 'fixes', `${entry.case}.html`),
        sides: [entry.before, entry.after].map((side) => ({
          word: side ? VERDICT_LABELS[side.verdict].word : '',
          tone: (side && VERDICT_TONES[side.verdict]) ?? 'unsure',
        })),
        summary: oneLine(entry.summary),
      })),
    })),
  })
}
