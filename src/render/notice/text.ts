/** A notice as plain text, for a mail or a command. */
import type { Notice } from '#domain/report/notice.ts'
import { footOf, sectionsOf, titleOf } from './phrases.ts'

/** Render a notice. */
export function renderNoticeText(notice: Notice): string {
  const sections = sectionsOf(notice).map(({ title, lines, more }) => [
    '',
    title,
    ...lines.flatMap(({ name, text }) => (name === '' ? [`  ${text}`] : [`  ${name}`, `    ${text}`])),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ])
  return `${[titleOf(notice), ...sections.flat(), '', footOf(notice)].join('\n')}\n`
}
