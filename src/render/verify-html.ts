/** A verification as one HTML file that needs nothing else: the style of the report's page, no scripts. */
import { createHash } from 'node:crypto'
import { InvariantError } from '../domain/errors.ts'
import type { BaseResult, Verification } from '../analysis/verify.ts'
import type { Verdict } from '../domain/judgement.ts'
import { testedBy, type Tester } from './verify-mail.ts'
import {
  applyLines,
  buildLines,
  cellRows,
  hostLine,
  partLines,
  prerequisiteLines,
  splatLines,
  STATUS_TITLES,
  titleOf,
} from './verify-words.ts'
import { VERDICT_WORDS } from './words.ts'

/** Render as a page with this style. Every word that comes from elsewhere is escaped. */
export function renderVerifyHtml(verification: Verification, tester: Tester, css: string): string {
  if (/<\/style/i.test(css)) throw new InvariantError('the style of the page would end itself')
  const hash = createHash('sha256').update(css).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const title = escape(titleOf(verification))
  const host = hostLine(verification)
  const head = ['base', 'version', 'answer']
  const answerOf = ({ status, summary }: BaseResult) => `${STATUS_TITLES[status]}: ${summary}`
  const body = verification.bases.map((base) => [base.label, base.version, answerOf(base)])
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title} - kwitness verify</title>`,
    `<style>${css}</style>`,
    '</head>',
    '<body>',
    '<main class="verify">',
    `<h1>${title}</h1>`,
    `<p class="status ${verification.status}">${escape(verification.summary)}</p>`,
    ...(host === null ? [] : [`<p>${escape(`Run ${verification.run}: ${host}`)}</p>`]),
    table('What each base says', head, body),
    ...verification.bases.map(sectionOf),
    '<h2>To paste below the patch</h2>',
    `<pre>${escape(testedBy(verification, tester).join('\n'))}</pre>`,
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

function sectionOf(base: BaseResult): string {
  const { whole, label, status } = base
  const lines = [
    ...applyLines(base),
    ...prerequisiteLines(base),
    ...(base.trouble === null ? [] : [`the base: ${base.trouble}`]),
    ...(whole ? [...buildLines(whole), ...splatLines(whole)] : []),
    ...partLines(base),
  ]
  const cells = whole && whole.cells.length > 0 ? whole : null
  return [
    '<section>',
    `<h2>${escape(label)}: <span class="status ${status}">${STATUS_TITLES[status]}</span></h2>`,
    `<ul>${lines.map(itemOf).join('\n')}</ul>`,
    ...(cells ? [table('Before and after', ['case', 'before', 'after', 'change', ''], cellRows(cells))] : []),
    '</section>',
  ].join('\n')
}

/** What is indented belongs to the line before it. */
function itemOf(line: string): string {
  return `<li${line.startsWith('  ') ? ' class="more"' : ''}>${escape(line.trim())}</li>`
}

function table(caption: string, head: readonly string[], body: readonly (readonly string[])[]): string {
  const row = (words: readonly string[]) =>
    words.map((word, index) => (index === 0 ? `<th scope="row">${escape(word)}</th>` : cellOf(word))).join('')
  return [
    `<div class="wide"><table><caption>${escape(caption)}</caption>`,
    `<thead><tr>${head.map((word) => `<th scope="col">${escape(word)}</th>`).join('')}</tr></thead>`,
    `<tbody>${body.map((words) => `<tr>${row(words)}</tr>`).join('\n')}</tbody></table></div>`,
  ].join('\n')
}

/** A verdict with its sign and colour; any other word as it is. */
function cellOf(word: string): string {
  const verdict = Object.keys(VERDICT_WORDS).find((one) => one === word) as Verdict | undefined
  if (verdict === undefined) return `<td>${escape(word)}</td>`
  return `<td class="${verdict}"><span aria-hidden="true">${VERDICT_WORDS[verdict].glyph}</span> ${verdict}</td>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')
}
