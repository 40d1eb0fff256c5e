/** The renderers of a comparison: a function of the one RunDiff each. */
import type { RunDiff } from '#domain/report/diff.ts'
import type { HtmlAssets } from '../html/assets.ts'
import type { TerminalOptions } from '../terminal/style.ts'
import { jsonByLine } from '../json.ts'
import { renderDiffMarkdown } from './markdown.ts'
import { renderDiffText } from './text.ts'

interface DiffRenderOptions {
  readonly terminal: TerminalOptions
  readonly assets: HtmlAssets
}

export const DIFF_RENDERERS = {
  terminal: (diff, { terminal }) => renderDiffText(diff, terminal),
  markdown: (diff) => renderDiffMarkdown(diff),
  json: (diff) => jsonByLine(diff),
  html: async (diff, { assets }) => (await import('./html.ts')).renderDiffHtml(diff, assets),
} as const satisfies Record<string, (diff: RunDiff, options: DiffRenderOptions) => string | Promise<string>>

/** The words of `--format`. */
export type DiffFormat = keyof typeof DIFF_RENDERERS
