/** The renderers: a function of the one Report each, one line each. */
import type { Report } from '#domain/report/matrix.ts'
import { renderBcd } from './bcd.ts'
import { renderCsv } from './exchange/csv.ts'
import { renderJunit } from './exchange/junit.ts'
import { renderKcidb } from './exchange/kcidb.ts'
import { renderMarkdown } from './exchange/markdown.ts'
import { renderOpenMetrics } from './exchange/openmetrics.ts'
import { renderVex } from './exchange/vex.ts'
import { type HtmlAssets, renderHtml } from './html/html.ts'
import { renderJson } from './json.ts'
import { renderKtap } from './ktap.ts'
import { renderTerminal } from './terminal/report.ts'
import type { TerminalOptions } from './terminal/style.ts'

export interface RenderOptions {
  /** How the reader's terminal is; only `terminal` looks at it. */
  readonly terminal: TerminalOptions
  /** The texts of the page, read by the caller from the files HTML_ASSETS names; only `html` needs them. */
  readonly assets: HtmlAssets
}

export interface Renderer {
  /** Of a file that holds its output, without the dot. */
  readonly extension: string
  readonly render: (report: Report, options: RenderOptions) => string
}

export const RENDERERS = {
  bcd: { extension: 'json', render: (report) => renderBcd(report) },
  csv: { extension: 'csv', render: (report) => renderCsv(report) },
  html: { extension: 'html', render: (report, { assets }) => renderHtml(report, assets) },
  json: { extension: 'json', render: (report) => renderJson(report) },
  junit: { extension: 'xml', render: (report) => renderJunit(report) },
  kcidb: { extension: 'json', render: (report) => renderKcidb(report) },
  ktap: { extension: 'ktap', render: (report) => renderKtap(report) },
  markdown: { extension: 'md', render: (report) => renderMarkdown(report) },
  openmetrics: { extension: 'txt', render: (report) => renderOpenMetrics(report) },
  terminal: { extension: 'txt', render: (report, { terminal }) => renderTerminal(report, terminal) },
  vex: { extension: 'json', render: (report) => renderVex(report) },
} as const satisfies Record<string, Renderer>

/** `html`, `json` and so on: the words of `--format`. */
export type Format = keyof typeof RENDERERS
