/** The renderers: each is a function of the Report. */
import type { RunDiff } from '#domain/report/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { renderBcd } from './bcd.ts'
import { renderCsv } from './exchange/csv.ts'
import { renderJunit } from './exchange/junit.ts'
import { renderKcidb } from './exchange/kcidb.ts'
import { renderMarkdown } from './exchange/markdown.ts'
import { renderOpenMetrics } from './exchange/openmetrics.ts'
import { renderVex } from './exchange/vex.ts'
import type { HtmlAssets } from './html/assets.ts'
import { renderHtml } from './html/html.ts'
import { renderJson } from './json.ts'
import { renderKtap } from './ktap.ts'
import { renderTerminal } from './terminal/report.ts'
import type { TerminalOptions } from './terminal/style.ts'

export interface RenderOptions {
  /** The reader's terminal; only `terminal` uses it. */
  readonly terminal: TerminalOptions
  /** The assets of the page, from the files in HTML_ASSETS; only `html` uses them. */
  readonly assets: HtmlAssets
  /** With the logs of all attempts; only `json` asks, `html` always has them. */
  readonly logs?: boolean | undefined
  /** What changed since an earlier run; only `html` marks it. */
  readonly diff?: RunDiff | undefined
}

export interface Renderer {
  /** Extension of an output file, without the dot. */
  readonly extension: string
  readonly render: (report: Report, options: RenderOptions) => string
}

export const RENDERERS = {
  bcd: { extension: 'json', render: (report) => renderBcd(report) },
  csv: { extension: 'csv', render: (report) => renderCsv(report) },
  html: { extension: 'html', render: (report, { assets, diff }) => renderHtml(report, assets, { diff }) },
  json: { extension: 'json', render: (report, { logs }) => renderJson(report, { logs }) },
  junit: { extension: 'xml', render: (report) => renderJunit(report) },
  kcidb: { extension: 'json', render: (report) => renderKcidb(report) },
  ktap: { extension: 'ktap', render: (report) => renderKtap(report) },
  markdown: { extension: 'md', render: (report) => renderMarkdown(report) },
  openmetrics: { extension: 'txt', render: (report) => renderOpenMetrics(report) },
  terminal: { extension: 'txt', render: (report, { terminal }) => renderTerminal(report, terminal) },
  vex: { extension: 'json', render: (report) => renderVex(report) },
} as const satisfies Record<string, Renderer>

/** The values of `--format`: `html`, `json` and so on. */
export type Format = keyof typeof RENDERERS
