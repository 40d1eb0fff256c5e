/**
 * The report as one HTML file: no network, no server, readable without scripts. The matrix is markup; the evidence behind each
 * cell is packed and compressed data, which the page's own script shows as text and never as markup.
 */
import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import Handlebars from 'handlebars'
import { InvariantError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import { evidenceOf } from './evidence.ts'
import { pageOf, type PageOptions } from './page.ts'
import { pack } from './pack.ts'

/** The assets of the page. The caller reads them, because a renderer does not touch files. */
export interface HtmlAssets {
  /** Handlebars. */
  readonly template: string
  readonly css: string
  /** One module: the scripts of the page, one after the other. */
  readonly js: string
}

/** The files in reports/templates that make up each asset, in order, joined by line breaks. */
export const HTML_ASSETS: Readonly<Record<keyof HtmlAssets, readonly string[]>> = {
  template: ['head.hbs', 'report.hbs'],
  css: ['report.css', 'bar.css', 'fixes.css', 'panel.css', 'race.css', 'schedule.css'],
  js: [
    'unpack.js',
    'query.js',
    'matrix.js',
    'evidence.js',
    'race.js',
    'schedule.js',
    'panel.js',
    'fix.js',
    'export.js',
    'page.js',
  ],
}

/** The files of a page that follows a run under way. */
export const LIVE_ASSETS: typeof HTML_ASSETS = { ...HTML_ASSETS, js: [...HTML_ASSETS.js, 'live.js'] }

/**
 * Render a report as one page, with what changed since another run where that is given. It escapes every text of the report, by
 * Handlebars or in base64.
 */
export function renderHtml(report: Report, assets: HtmlAssets, options: PageOptions = {}): string {
  const page = pageOf(report, options)
  const values = { ...page, evidence: compressed(pack(evidenceOf(report))) }
  return fillPage({ ...assets, css: `${assets.css}\n${sizesOf(page)}` }, values, options.events !== undefined)
}

/** Templates by their text: a site fills the same one for hundreds of pages. */
const compiled = new Map<string, HandlebarsTemplateDelegate>()

/**
 * A page from a template and its values, with style and script inside. It escapes every value except `evidence`. Only a page that
 * is served may connect, and to its server alone.
 */
export function fillPage(assets: HtmlAssets, values: object, isServed = false): string {
  const template = compiled.get(assets.template) ?? Handlebars.compile(assets.template, { strict: true, knownHelpersOnly: true })
  compiled.set(assets.template, template)
  const css = inlined(assets.css, 'style')
  const js = inlined(assets.js, 'script')
  return template({ ...values, css, js, policy: policyFor(css, js, isServed) })
}

/** Sizes that depend on the report, as a style rule, because the policy forbids style attributes. */
function sizesOf({ cases, parts }: ReturnType<typeof pageOf>): string {
  const labels = parts.flatMap(({ rows }) => rows.map(({ label }) => label))
  const longest = Math.max(0, ...labels.map((label) => label.length))
  const word = Math.max(0, ...labels.flatMap((label) => label.split(' ').map((part) => part.length)))
  const names = Math.max(0, ...cases.map(({ id }) => id.length))
  return `:root { --cases: ${cases.length}; --names: ${names}; --letters: ${longest}; --word: ${word} }\n`
}

/** A policy that allows only this style and script, by their hashes, and connections to the server of a page that has one. */
function policyFor(css: string, js: string, isServed: boolean): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const sources = [
    `script-src ${hash(js)}`,
    `style-src ${hash(css)}`,
    'img-src data:',
    ...(isServed ? ["connect-src 'self'"] : []),
  ]
  return ["default-src 'none'", ...sources, "base-uri 'none'", "form-action 'none'"].join('; ')
}

/** Compression that takes a tenth of the time of rendering; a higher level makes a page of 1,000 kernels 0.5 MB smaller. */
const LEVEL = 3

/** JSON, compressed and in base64, which can neither end its script element nor open a comment there. */
function compressed(value: unknown): string {
  return deflateRawSync(JSON.stringify(value), { level: LEVEL }).toString('base64')
}

/** An asset between its tags, unchanged, so that its hash is valid. Throws InvariantError if it would end the element. */
function inlined(text: string, element: 'style' | 'script'): string {
  if (text.toLowerCase().includes(`</${element}`)) throw new InvariantError(`the ${element} of the page would end itself`)
  return text
}
