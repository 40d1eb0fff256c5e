/** A notice as the body of a mail in HTML: no styles, no pictures, every word escaped. */
import type { Notice } from '#domain/report/notice.ts'
import { escapeXml } from '../text/xml.ts'
import { footOf, sectionsOf, titleOf } from './phrases.ts'

/** Render a notice. */
export function renderNoticeHtml(notice: Notice): string {
  const sections = sectionsOf(notice).map(({ title, lines, more }) => {
    const items = lines.map(
      ({ name, text }) => `<li>${name === '' ? '' : `<code>${escapeXml(name)}</code><br>`}${escapeXml(text)}</li>`,
    )
    return `<h2>${escapeXml(title)}</h2>\n<ul>\n${items.join('\n')}\n</ul>${more > 0 ? `\n<p>and ${more} more</p>` : ''}`
  })
  const [title, foot] = [titleOf(notice), footOf(notice)].map(escapeXml)
  const head = `<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>\n<body>`
  return `${['<!doctype html>', head, `<h1>${title}</h1>`, ...sections, `<p>${foot}</p>`, '</body></html>'].join('\n')}\n`
}
