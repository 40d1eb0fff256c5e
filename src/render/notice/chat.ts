/** A notice for chat: Slack's own markup, and the HTML that Matrix allows. */
import type { Notice } from '#domain/report/notice.ts'
import { escapeXml } from '../text/xml.ts'
import { footOf, sectionsOf, titleOf } from './phrases.ts'
import { renderNoticeText } from './text.ts'

/** Slack cuts a message at 40,000 characters. */
const MAX_SLACK = 30_000

/** Characters that begin markup in Slack, each with one that looks like it: Slack has no escape for them. */
const SLACK_MARKS: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': 'ˋ' }

/** Text that Slack shows as it is: https://docs.slack.dev/messaging/formatting-message-text names the three escapes. */
function escapeSlack(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return escaped.replaceAll(/[*~`]/g, (char) => SLACK_MARKS[char]!)
}

/** The body of an incoming webhook of Slack. */
export function slackMessage(notice: Notice): object {
  const sections = sectionsOf(notice).map(({ title, lines, more }) => [
    '',
    `*${escapeSlack(title)}*`,
    ...lines.map(({ name, text }) => `• ${[name, text].filter(Boolean).map(escapeSlack).join(': ')}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ])
  const text = [`*${escapeSlack(titleOf(notice))}*`, ...sections.flat(), '', escapeSlack(footOf(notice))].join('\n')
  return { text: text.length > MAX_SLACK ? `${text.slice(0, MAX_SLACK)}…` : text, mrkdwn: true, unfurl_links: false }
}

/** An `m.room.message` of Matrix: as text, and as the HTML that the specification allows. */
export function matrixMessage(notice: Notice): object {
  const sections = sectionsOf(notice).map(({ title, lines, more }) => {
    const items = lines.map(
      ({ name, text }) => `<li>${name === '' ? '' : `<code>${escapeXml(name)}</code>: `}${escapeXml(text)}</li>`,
    )
    return `<p><strong>${escapeXml(title)}</strong></p><ul>${items.join('')}</ul>${more > 0 ? `<p>and ${more} more</p>` : ''}`
  })
  const [title, foot] = [titleOf(notice), footOf(notice)].map(escapeXml)
  return {
    msgtype: 'm.notice',
    body: renderNoticeText(notice),
    format: 'org.matrix.custom.html',
    formatted_body: `<p><strong>${title}</strong></p>${sections.join('')}<p>${foot}</p>`,
  }
}
