/** Pages of the static site from their templates: no scripts, every word escaped, links relative so that they work from files. */
import type { HtmlAssets } from '../html/assets.ts'
import { fillPage } from '../html/fill.ts'

/** The pages of the site by their template. */
export const SITE_PAGES = ['index', 'night', 'history', 'gaps'] as const

export type SitePage = (typeof SITE_PAGES)[number]

/** The files in reports/templates that make up a page. */
export function siteAssets(page: SitePage): Readonly<Record<keyof HtmlAssets, readonly string[]>> {
  return { template: ['head.hbs', `site-${page}.hbs`], css: ['report.css', 'static.css', 'site.css'], js: [] }
}

/** Assets of each page, read by the caller. */
export type SiteAssets = Readonly<Record<SitePage, HtmlAssets>>

/** Fill a page of the site. */
export function sitePage(assets: SiteAssets, page: SitePage, values: object): string {
  return fillPage(assets[page], values)
}

/** A path as a link: each part encoded. */
export function linkOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/')
}
