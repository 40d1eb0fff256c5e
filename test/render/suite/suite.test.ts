/** A suite's report on a terminal, byte for byte, and as a page. UPDATE_GOLDEN=1 writes what is rendered now. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { jsonByLine } from '#render/json.ts'
import { renderSuiteHtml, SUITE_ASSETS } from '#render/suite/html.ts'
import { renderSuiteTerminal } from '#render/suite/terminal.ts'
import { readAssets } from '#test/helpers/templates.ts'
import { smallSuite } from '#test/helpers/reports/suite.ts'

const GOLDEN = inRepository('test/golden/render/')
const { template } = await readAssets(SUITE_ASSETS)

const RENDERED: Readonly<Record<string, () => string>> = {
  'suite.html': () => renderSuiteHtml(smallSuite(), { template, css: 'body {}', js: '' }),
  'suite.txt': () => renderSuiteTerminal(smallSuite(), { width: 110, colour: false, ascii: false }),
  'suite-narrow-ascii.txt': () => renderSuiteTerminal(smallSuite(), { width: 60, colour: false, ascii: true }),
}

for (const [name, render] of Object.entries(RENDERED)) {
  test(`golden: ${name}`, async () => {
    const file = join(GOLDEN, name)
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, render())
    assert.equal(render(), await readFile(file, 'utf8'))
  })
}

test('guest text is never markup, nor obeyed by a terminal', () => {
  const page = renderSuiteHtml(smallSuite(), { template, css: '', js: '' })
  assert.doesNotMatch(page, /<script/)
  assert.match(page, /swap &lt;script&gt;/)
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  assert.doesNotMatch(renderSuiteTerminal(smallSuite(), { width: 100, colour: false, ascii: false }), /\x1b/)
})

test('JSON reads back as the report', () => {
  assert.deepEqual(JSON.parse(jsonByLine(smallSuite())), smallSuite())
})
