/** The page of gaps: what the newest kernel of each supported series lacks. */
import type { Gap, GapReport } from '#domain/report/gaps.ts'
import { momentOf, oneLine } from '../text/format.ts'
import { ageOf, fixOf, severityOf, standingOf } from '../gaps/phrases.ts'
import { linkOf, sitePage, type SiteAssets } from './assets.ts'

/** Render it; `isOfSite` where pages of kernels and fixes lie beside it. */
export function renderGapsPage(name: string, report: GapReport, isOfSite: boolean, assets: SiteAssets): string {
  const { run, kernels, gaps } = report
  return sitePage(assets, 'gaps', {
    name: oneLine(name),
    run: oneLine(run.id),
    when: momentOf(run.startedAt),
    isOfSite,
    kernels: kernels.map((own) => ({
      series: own.series,
      standing: standingOf(own),
      kernel: oneLine(own.kernel),
      href: isOfSite ? linkOf('kernels', `${own.kernel}.html`) : '',
      gaps: gaps
        .filter((gap) => gap.kernel === own.kernel)
        .map((gap) => ({
          case: oneLine(gap.case),
          title: oneLine(gap.title),
          href: isOfSite ? linkOf('fixes', `${gap.case}.html`) : '',
          cve: severityOf(gap) ?? gap.cve.map(oneLine).join(', '),
          age: ageOf(gap, run.startedAt),
          carriedBy: gap.carriedBy.join(', '),
          claim: oneLine(`${gap.claim} (${gap.claimSource})`),
          patch: patchOf(gap),
        })),
    })),
  })
}

function patchOf({ patch, verified }: Gap): string {
  const upstream = patch === null ? [] : ['unavailable' in patch ? patch.unavailable : patch.summary]
  return oneLine([...(verified === null ? [] : [fixOf(verified)]), ...upstream].join('; '))
}
