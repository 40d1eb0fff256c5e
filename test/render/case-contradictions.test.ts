/** What a claim source contradicts in case.json is in every form of a report, and a text of a changelog stays a text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderMarkdown } from '#render/exchange/markdown.ts'
import { renderHtml } from '#render/html/html.ts'
import { renderJson } from '#render/json.ts'
import { renderKtap } from '#render/ktap.ts'
import { renderSearch, renderSearchJson } from '#render/search.ts'
import { renderTerminal } from '#render/terminal/report.ts'
import { reportSchema } from '#schema/report/matrix.ts'
import { smallReport } from '#test/helpers/reports.ts'
import { CONTRADICTION, contradicted, SUMMARY } from '#test/helpers/reports/contradicted.ts'
import { searchReport } from '#test/helpers/reports/search.ts'
import { readAssets } from '#test/helpers/templates.ts'

const TERMINAL = { width: 100, colour: false, ascii: false }
test('a terminal, a search and KTAP say both releases, and give no control character of a changelog', () => {
  for (const text of [
    renderTerminal(contradicted(smallReport()), TERMINAL),
    renderSearch(contradicted(searchReport()), TERMINAL),
    renderKtap(contradicted(smallReport())),
  ]) {
    assert.match(text, /[Cc]ase[ -]data[ -]contradicted/)
    assert.ok(text.includes(SUMMARY), text)
    assert.match(text, /^.*linux \(6\.12\.31-1\), ChangeLog-6\.12\.31, "mm: <b>1<\/b> .*SKIP"$/m)
    assert.doesNotMatch(text, /[^\P{Cc}\n]/u)
  }
  assert.match(renderKtap(contradicted(smallReport())), /^# case-data-contradicted: .* \\# SKIP"$/m)
})

test('Markdown has a table of it, in which a text of a changelog is no markup', () => {
  const text = renderMarkdown(contradicted(smallReport()))
  assert.match(text, /^### Case data contradicted\n/m)
  assert.match(text, /^\| uffd-eagain-output \| 6\.12\.y \| case\.json says that .* lists it in 6\.12\.31 \| .*\\<b\\>1/m)
  assert.ok(!renderMarkdown(smallReport()).includes('Case data'))
})

test('the page says it, escaped', async () => {
  const page = renderHtml(contradicted(smallReport()), await readAssets())
  assert.ok(page.includes(SUMMARY))
  assert.ok(page.includes('mm: &lt;b&gt;1&lt;/b&gt;'))
  const without = renderHtml(smallReport(), await readAssets())
  assert.ok(!without.includes('class="case-data-contradicted"'))
})

test('JSON has it whole, as its schema says', () => {
  const read = JSON.parse(renderJson(contradicted(smallReport())))
  assert.deepEqual(reportSchema.parse(read).caseContradictions, [CONTRADICTION])
  assert.deepEqual(JSON.parse(renderSearchJson(contradicted(searchReport()))).caseContradictions, [CONTRADICTION])
})
