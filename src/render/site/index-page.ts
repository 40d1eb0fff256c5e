/** The first page of the site: the last nights, the newest first, then every kernel and every fix. */
import { CHANGES } from '#domain/report/diff.ts'
import { countOf } from '#domain/numbers.ts'
import type { Night } from '#domain/report/night.ts'
import { kernelLabels, momentOf, oneLine } from '../text/format.ts'
import { linkOf, sitePage, type SiteAssets } from './assets.ts'

/** Render it. `nights` are in order, the oldest first; `hasGaps` whether there is a page of gaps. */
export function renderIndex(name: string, nights: readonly Night[], hasGaps: boolean, assets: SiteAssets): string {
  const newest = nights.at(-1)
  const labels = kernelLabels(newest?.kernels ?? [])
  return sitePage(assets, 'index', {
    name: oneLine(name),
    hasGaps,
    nights: nights.toReversed().map((night) => ({
      href: linkOf('nights', night.key, 'index.html'),
      when: momentOf(night.startedAt),
      run: oneLine(night.run),
      tone: toneOf(night),
      words: wordsOf(night),
      carries: countOf(night.counts.carries),
      lacks: countOf(night.counts.lacks),
      open: countOf(night.counts.inconclusive + night.counts.error + night.counts['no-result']),
    })),
    kernels: (newest?.kernels ?? []).map(({ id }, row) => ({
      href: linkOf('kernels', `${id}.html`),
      label: labels.get(id) ?? id,
      lacks: countOf([...(newest?.rows[row] ?? '')].filter((letter) => letter === 'l').length),
    })),
    fixes: (newest?.cases ?? []).map(({ id, title }, column) => ({
      href: linkOf('fixes', `${id}.html`),
      id: oneLine(id),
      title: oneLine(title),
      lacks: countOf((newest?.rows ?? []).filter((row) => row[column] === 'l').length),
    })),
  })
}

/** What a night says in a few words. */
export function wordsOf({ diff, unfinished, problems }: Pick<Night, 'diff' | 'unfinished' | 'problems'>): string {
  const changed = CHANGES.filter((change) => change !== 'same' && diff !== null && diff.counts[change] > 0)
  const parts = [
    ...(diff === null ? ['first night'] : changed.map((change) => `${countOf(diff.counts[change])} ${change}`)),
    ...(unfinished > 0 ? [`${countOf(unfinished)} unfinished`] : []),
    ...(problems.length > 0 ? [`${countOf(problems.length)} problem${problems.length === 1 ? '' : 's'}`] : []),
  ]
  return parts.length === 0 ? 'nothing changed' : parts.join(', ')
}

/** How a night is coloured: a regression, something to look at, or nothing. */
export function toneOf({ diff, problems }: Pick<Night, 'diff' | 'problems'>): 'bad' | 'unsure' | 'good' {
  if ((diff?.counts.regressed ?? 0) > 0) return 'bad'
  const doubtful = (diff?.counts.flaky ?? 0) + (diff?.counts.spurious ?? 0) + (diff?.counts['no-longer-decided'] ?? 0)
  return doubtful > 0 || problems.length > 0 ? 'unsure' : 'good'
}
