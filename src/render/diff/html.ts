/** A comparison as one HTML file that needs nothing else: no scripts, every word escaped by the template. */
import type { Change, RunDiff } from '#domain/report/diff.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { HtmlAssets } from '../html/assets.ts'
import { fillPage } from '../html/fill.ts'
import { oneLine } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import { BRIEF, CHANGE_LABELS, countsOf, groupsOf, linesByKernel, resultName, runName } from '../text/changes.ts'

const TONES: Partial<Record<Change, string>> = { regressed: 'bad', fixed: 'good', flaky: 'unsure' }
const VERDICT_TONES: Partial<Record<Verdict, string>> = { lacks: 'bad', carries: 'good' }

/** Render a comparison as one page. */
export function renderDiffHtml(diff: RunDiff, assets: HtmlAssets): string {
  const { counts, before, after } = diff
  return fillPage(assets, {
    title: `${oneLine(before.id)} → ${oneLine(after.id)}`,
    tone: counts.regressed > 0 ? 'bad' : counts.flaky > 0 ? 'unsure' : 'good',
    counts: countsOf(diff),
    before: runName(before),
    after: runName(after),
    groups: groupsOf(diff).map(({ change, entries }) => ({
      ...CHANGE_LABELS[change],
      tone: TONES[change] ?? 'unsure',
      brief: BRIEF.includes(change) ? linesByKernel(entries) : [],
      entries: (BRIEF.includes(change) ? [] : entries).map((entry) => ({
        name: oneLine(resultName(entry)),
        title: oneLine(entry.title),
        sides: [entry.before, entry.after].map((side) => ({
          word: side ? VERDICT_LABELS[side.verdict].word : '',
          tone: (side && VERDICT_TONES[side.verdict]) ?? 'unsure',
        })),
        summary: oneLine(entry.summary),
      })),
    })),
  })
}
