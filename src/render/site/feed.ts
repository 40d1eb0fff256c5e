/** The Atom feed of the nights (RFC 4287), the newest first. */
import { createHash } from 'node:crypto'
import type { Night } from '#domain/report/night.ts'
import { BRIEF, CHANGE_LABELS, groupsOf, linesByKernel, resultName } from '../text/changes.ts'
import { momentOf } from '../text/format.ts'
import { escapeXml } from '../text/xml.ts'
import { linkOf } from './assets.ts'
import { wordsOf } from './index-page.ts'

/** Entries of one kind in an entry of the feed. */
const MAX_LINES = 50

/** Render the feed of nights (the oldest first). `url` is where the site is served; without it links are relative to the feed. */
export function renderFeed(name: string, nights: readonly Night[], url: string | null): string {
  const base = url ?? ''
  const entries = nights.toReversed().map((night) => {
    const href = `${base}${linkOf('nights', night.key, 'index.html')}`
    return [
      '<entry>',
      `<id>${idOf(name, night.key)}</id>`,
      `<title>${escapeXml(`${momentOf(night.startedAt)}: ${wordsOf(night)}`)}</title>`,
      `<updated>${timeOf(night.endedAt)}</updated>`,
      `<published>${timeOf(night.endedAt)}</published>`,
      `<link rel="alternate" type="text/html" href="${escapeXml(href)}"/>`,
      `<content type="html">${escapeXml(contentOf(night))}</content>`,
      '</entry>',
    ].join('\n')
  })
  return `${[
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom">',
    `<id>${idOf(name, '')}</id>`,
    `<title>${escapeXml(`kwitness ${name}`)}</title>`,
    `<updated>${timeOf(nights.at(-1)?.endedAt ?? '1970-01-01T00:00:00Z')}</updated>`,
    '<author><name>kwitness</name></author>',
    `<link rel="self" type="application/atom+xml" href="${escapeXml(`${base}feed.xml`)}"/>`,
    `<link rel="alternate" type="text/html" href="${escapeXml(`${base}index.html`)}"/>`,
    ...entries,
    '</feed>',
  ].join('\n')}\n`
}

/** An id that stays the same wherever the site is served: a UUID of the names (RFC 9562, version 8). */
function idOf(name: string, key: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify(['kwitness', name, key]))
    .digest('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)]
  return `urn:uuid:${parts.join('-')}`
}

const timeOf = (iso: string): string => escapeXml(iso)

/** What changed, as HTML. */
function contentOf({ diff, problems }: Night): string {
  const groups = (diff === null ? [] : groupsOf(diff)).map(({ change, entries }) => {
    const lines = BRIEF.includes(change)
      ? linesByKernel(entries)
      : entries.map((entry) => `${resultName(entry)}: ${entry.summary}`)
    return listOf(`${CHANGE_LABELS[change].title} (${entries.length})`, lines)
  })
  return [...groups, ...(problems.length > 0 ? [listOf('Problems', problems)] : [])].join('\n') || '<p>Nothing changed.</p>'
}

function listOf(title: string, lines: readonly string[]): string {
  const more = lines.length > MAX_LINES ? `<li>and ${lines.length - MAX_LINES} more</li>` : ''
  return `<p>${escapeXml(title)}</p><ul>${lines
    .slice(0, MAX_LINES)
    .map((line) => `<li>${escapeXml(line)}</li>`)
    .join('')}${more}</ul>`
}
