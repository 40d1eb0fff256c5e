/** Pages of one kernel and of one fix: a strip of the last nights for each result. */
import { resultOf } from '#analysis/night.ts'
import type { Night, NightResult } from '#domain/report/night.ts'
import { kernelLabels, momentOf, oneLine } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import { linkOf, sitePage, type SiteAssets } from './assets.ts'

const OTHERS = {
  unfinished: { glyph: '…', word: 'unfinished' },
  none: { glyph: '·', word: 'not asked' },
} as const

const labelOf = (result: NightResult): { readonly glyph: string; readonly word: string } =>
  result === 'unfinished' || result === 'none' ? OTHERS[result] : VERDICT_LABELS[result]

/** The page of a kernel: a row for each fix. */
export function renderKernel(name: string, nights: readonly Night[], kernel: string, assets: SiteAssets): string {
  const newest = nights.findLast(({ kernels }) => kernels.some(({ id }) => id === kernel))
  const rows = (newest?.cases ?? []).map(({ id, title }) => ({
    href: linkOf('..', 'fixes', `${id}.html`),
    label: oneLine(id),
    title: oneLine(title),
    ...stripOf(nights, kernel, id),
  }))
  return sitePage(assets, 'history', {
    name: oneLine(name),
    what: 'Kernel',
    heading: oneLine(kernel),
    title: '',
    rows,
    ...spanOf(nights),
  })
}

/** The page of a fix: a row for each kernel. */
export function renderFix(name: string, nights: readonly Night[], theCase: string, assets: SiteAssets): string {
  const newest = nights.findLast(({ cases }) => cases.some(({ id }) => id === theCase))
  const labels = kernelLabels(newest?.kernels ?? [])
  const rows = (newest?.kernels ?? []).map(({ id, series }) => ({
    href: linkOf('..', 'kernels', `${id}.html`),
    label: labels.get(id) ?? id,
    title: series,
    ...stripOf(nights, id, theCase),
  }))
  const title = newest?.cases.find(({ id }) => id === theCase)?.title ?? ''
  return sitePage(assets, 'history', {
    name: oneLine(name),
    what: 'Fix',
    heading: oneLine(theCase),
    title: oneLine(title),
    rows,
    ...spanOf(nights),
  })
}

function spanOf(nights: readonly Night[]) {
  return { first: momentOf(nights[0]?.startedAt ?? ''), last: momentOf(nights.at(-1)?.startedAt ?? ''), count: nights.length }
}

/** The strip of a result, and what it says in words for whoever cannot see it. */
function stripOf(nights: readonly Night[], kernel: string, theCase: string) {
  const results = nights.map((night) => ({ night, result: resultOf(night, kernel, theCase) }))
  const now = results.at(-1)?.result ?? 'none'
  let since = results.length - 1
  while (since > 0 && results[since - 1]?.result === now) since -= 1
  const length = results.length - since
  const nightsWord = length === 1 ? 'the last night' : `the last ${length} nights`
  return {
    now: labelOf(now).word,
    tone: now,
    since: since === 0 ? `${labelOf(now).word} in all nights` : `${labelOf(now).word} in ${nightsWord}`,
    parts: partsOf(results),
  }
}

/** Nights in a row that say the same are one part of the strip, with a sign for each. */
function partsOf(results: readonly { readonly night: Night; readonly result: NightResult }[]) {
  const parts: { result: NightResult; first: Night; last: Night; count: number }[] = []
  for (const { night, result } of results) {
    const part = parts.at(-1)
    if (part?.result === result) Object.assign(part, { last: night, count: part.count + 1 })
    else parts.push({ result, first: night, last: night, count: 1 })
  }
  return parts.map(({ result, first, last, count }) => {
    const { glyph, word } = labelOf(result)
    const from = momentOf(first.startedAt)
    const title = count === 1 ? `${from}: ${word}` : `${from} to ${momentOf(last.startedAt)}, ${count} nights: ${word}`
    return { result, glyphs: glyph.repeat(count), title }
  })
}
