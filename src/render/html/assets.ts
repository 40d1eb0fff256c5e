/** The assets of pages: which files make up each of them. */

/** The assets of a page. The caller reads them, because a renderer does not touch files. */
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
    'stage.js',
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

/** The files in reports/templates that make up the page of a comparison. */
export const DIFF_ASSETS: Readonly<Record<keyof HtmlAssets, readonly string[]>> = {
  template: ['head.hbs', 'diff.hbs'],
  css: ['report.css', 'static.css'],
  js: [],
}
