/** The renderers: a function of the one Report each, one line each. */
import type { Report } from '#domain/report/matrix.ts'
import { renderBcd } from './bcd.ts'
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
  html: { extension: 'html', render: (report, { assets }) => renderHtml(report, assets) },
  json: { extension: 'json', render: (report) => renderJson(report) },
  ktap: { extension: 'ktap', render: (report) => renderKtap(report) },
  terminal: { extension: 'txt', render: (report, { terminal }) => renderTerminal(report, terminal) },
} as const satisfies Record<string, Renderer>

/** `html`, `json` and so on: the words of `--format`. */
export type Format = keyof typeof RENDERERS
