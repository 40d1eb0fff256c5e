/**
 * The report as one HTML file: no network, no server, readable without scripts. The matrix is markup, of which a browser with
 * scripts keeps the rows beyond the first screen as text; the evidence behind each cell is packed and compressed data, which the
 * page's own script shows as text and never as markup.
 */
import { deflateRawSync } from 'node:zlib'
import type { Report } from '#domain/report/matrix.ts'
import type { HtmlAssets } from './assets.ts'
import { createCellMarkup } from './cells.ts'
import { evidenceOf } from './evidence.ts'
import { fillPage } from './fill.ts'
import { matrixIndexOf } from './matrix-index.ts'
import { pageOf, type PageOptions } from './page.ts'
import { pack } from './pack.ts'

/**
 * Render a report as one page, with what changed since another run where that is given. It escapes every text of the report, as
 * Handlebars does or in base64.
 */
export function renderHtml(report: Report, assets: HtmlAssets, options: PageOptions = {}): string {
  const page = pageOf(report, options)
  const markupOf = createCellMarkup()
  const parts = page.parts.map((part) => ({ ...part, rows: part.rows.map((row) => ({ ...row, cells: markupOf(row.cells) })) }))
  const values = { ...page, parts, index: scriptData(matrixIndexOf(page)), evidence: compressed(pack(evidenceOf(report))) }
  const own = { ...assets, css: `${assets.css}\n${sizesOf(page)}` }
  const isServed = options.events !== undefined
  return page.large ? asciiPage(own, values, isServed) : fillPage(own, values, isServed)
}

/** A page in ASCII, which a browser decodes in a third of the time: it reads a megabyte before it paints. */
function asciiPage(assets: HtmlAssets, values: object, isServed: boolean): string {
  const css = assets.css.replaceAll(/[^\0-\x7F]/gu, (letter) => `\\${letter.codePointAt(0)?.toString(16).padStart(6, '0')}`)
  const js = assets.js.replaceAll(/[^\0-\x7F]/g, escaped)
  const page = fillPage({ ...assets, css, js }, values, isServed)
  // References to U+0080 to U+009F mean other characters, so these stay as they are.
  return page.replaceAll(/[^\0-\x9F]/gu, (letter) => `&#${letter.codePointAt(0)};`)
}

/** Sizes that depend on the report, as a style rule, because the policy forbids style attributes. */
function sizesOf({ cases, parts }: ReturnType<typeof pageOf>): string {
  const labels = parts.flatMap(({ rows }) => rows.map(({ label }) => label))
  const longest = Math.max(0, ...labels.map((label) => label.length))
  const word = Math.max(0, ...labels.flatMap((label) => label.split(' ').map((part) => part.length)))
  const names = Math.max(0, ...cases.map(({ id }) => id.length))
  return `:root { --cases: ${cases.length}; --names: ${names}; --letters: ${longest}; --word: ${word} }\n`
}

/** JSON in ASCII that can neither end its script element nor open a comment there. */
function scriptData(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<\x7F-\uFFFF]/g, escaped)
}

/** A UTF-16 unit as texts of JavaScript and JSON escape it. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Compression that takes a tenth of the time of rendering; a higher level makes a page of 1,000 kernels 0.5 MB smaller. */
const LEVEL = 3

/** JSON, compressed and in base64, which can neither end its script element nor open a comment there. */
function compressed(value: unknown): string {
  return deflateRawSync(JSON.stringify(value), { level: LEVEL }).toString('base64')
}
