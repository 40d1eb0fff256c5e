/** Writes the static site of the last nights. Each file is old or new, never half, and what belongs to older nights goes. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, makeFolder, replaceFile, whenUnreadable, writeAt } from '#harness/support/workspace.ts'
import type { GapReport } from '#domain/report/gaps.ts'
import type { Report } from '#domain/report/matrix.ts'
import { HTML_ASSETS } from '#render/html/assets.ts'
import { renderHtml } from '#render/html/html.ts'
import { SITE_PAGES, siteAssets, type SiteAssets } from '#render/site/assets.ts'
import { renderFeed } from '#render/site/feed.ts'
import { renderFix, renderKernel } from '#render/site/history.ts'
import { renderGapsPage } from '#render/site/gaps-page.ts'
import { renderIndex } from '#render/site/index-page.ts'
import { renderNight } from '#render/site/night-page.ts'
import type { NightlyConfig } from '#schema/nightly/config.ts'
import { readAssets } from '../output/files.ts'
import type { NightContext } from './context.ts'
import { readNights } from './state.ts'

const HINT = 'name another `site.folder` in the configuration'

/** Templates of all pages. */
export async function readSiteAssets(): Promise<SiteAssets> {
  const read = SITE_PAGES.map(async (page) => [page, await readAssets(siteAssets(page))] as const)
  return Object.fromEntries(await Promise.all(read)) as SiteAssets
}

/** Write the site, with the matrix of tonight and its gaps, where it has any. Throws InfraError for a disk that takes none. */
export async function writeSite(
  { places, config }: Pick<NightContext, 'places' | 'config'>,
  { tonight, gaps }: { readonly tonight: Report; readonly gaps: GapReport | null },
  site: NonNullable<NightlyConfig['site']>,
): Promise<void> {
  const assets = await readSiteAssets()
  const nights = await readNights(places, site.nights)
  const { name } = config
  await writeAt(site.folder, HINT, async () => {
    const write = async (path: readonly string[], text: string): Promise<void> => {
      await makeFolder(join(site.folder, ...path.slice(0, -1)))
      await replaceFile(join(site.folder, ...path), text)
    }
    const newest = nights.at(-1)
    if (newest) {
      const matrix = renderHtml(tonight, await readAssets(HTML_ASSETS), { diff: newest.diff ?? undefined })
      await write(['nights', newest.key, 'matrix.html'], matrix)
    }
    for (const [at, night] of nights.entries()) {
      const beside = { earlier: nights[at - 1] ?? null, later: nights[at + 1] ?? null }
      // A site that was configured later, or whose night was killed, has no matrix of older nights.
      const hasMatrix = await exists(join(site.folder, 'nights', night.key, 'matrix.html'))
      await write(['nights', night.key, 'index.html'], renderNight(name, night, { ...beside, hasMatrix }, assets))
    }
    const kernels = new Set(nights.flatMap((night) => night.kernels.map(({ id }) => id)))
    const cases = new Set(nights.flatMap((night) => night.cases.map(({ id }) => id)))
    for (const id of kernels) await write(['kernels', `${id}.html`], renderKernel(name, nights, id, assets))
    for (const id of cases) await write(['fixes', `${id}.html`], renderFix(name, nights, id, assets))
    await write(['feed.xml'], renderFeed(name, nights, site.url === undefined ? null : `${site.url.replace(/\/*$/, '')}/`))
    if (gaps) await write(['gaps.html'], renderGapsPage(name, gaps, true, assets))
    else await rm(join(site.folder, 'gaps.html'), { force: true })
    await write(['index.html'], renderIndex(name, nights, gaps !== null, assets))
    await keepOnly(join(site.folder, 'nights'), new Set(nights.map(({ key }) => key)))
    await keepOnly(join(site.folder, 'kernels'), new Set([...kernels].map((id) => `${id}.html`)))
    await keepOnly(join(site.folder, 'fixes'), new Set([...cases].map((id) => `${id}.html`)))
  })
}

/** Remove what an older site had. Only what looks like a name of ours: the folder is the user's. */
async function keepOnly(folder: string, names: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder).catch(whenUnreadable<string[]>([]))) {
    if (!names.has(name) && /^\d{4}-\d\d-\d\d-\d+$|\.html$/.test(name))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}
