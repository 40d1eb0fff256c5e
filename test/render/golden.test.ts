/** Every renderer, byte for byte. UPDATE_GOLDEN=1 writes what is rendered now: read the diff before committing it. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { inRepository } from '#harness/support/repository.ts'
import type { Report } from '#domain/report/matrix.ts'
import { renderHtml } from '#render/html/html.ts'
import { renderJson } from '#render/json.ts'
import { renderKtap } from '#render/ktap.ts'
import { renderSearch } from '#render/search.ts'
import { renderTerminal } from '#render/terminal/report.ts'
import { readAssets } from '../helpers/templates.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { smallReport } from '../helpers/reports.ts'
import { searchReport } from '#test/helpers/reports/search.ts'

const GOLDEN = inRepository('test/golden/render/')
const { template } = await readAssets()

const RENDERED: Readonly<Record<string, () => string>> = {
  // Style and script would make every change of theirs a change here; test/render/page.test.ts looks at them at work.
  'small.html': () => readable(renderHtml(smallReport(), { template, css: 'body {}', js: 'void 0' })),
  'three-kernels.json': () => renderJson(threeKernels()),
  'small.ktap': () => renderKtap(smallReport()),
  'wide.txt': () => renderTerminal(smallReport(), { width: 160, colour: false, ascii: false }),
  'middle-colour.txt': () => renderTerminal(smallReport(), { width: 100, colour: true, ascii: false }),
  'narrow-ascii.txt': () => renderTerminal(smallReport(), { width: 50, colour: false, ascii: true }),
  'search.txt': () => renderSearch(searchReport(), { width: 100, colour: false, ascii: false }),
  'many.txt': () => renderTerminal(largeReport(100, 30), { width: 80, colour: false, ascii: false }),
}

/** A page with its evidence as text, which tells what has changed, and is the same whatever zlib compressed it. */
function readable(html: string): string {
  const inflated = (packed: string): string => inflateRawSync(Buffer.from(packed, 'base64')).toString().replaceAll('<', '\\u003c')
  return html.replace(
    /(<script type="text\/plain" id="evidence">)([^<]*)/,
    (_, tag: string, packed: string) => tag + inflated(packed),
  )
}

/** The one with the broken cell, one with a race, and the control: enough to see every field. */
function threeKernels(): Report {
  const report = smallReport()
  const wanted = ['6.1.187', '6.16.12']
  const kernels = report.kernels.filter(({ provider, version }) => provider === 'tree' || wanted.includes(version))
  const cells = report.cells.filter((cell) => kernels.some(({ id }) => id === cell.kernel))
  return { ...report, kernels, cells }
}

for (const [name, render] of Object.entries(RENDERED)) {
  test(`golden: ${name}`, async () => {
    const file = join(GOLDEN, name)
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, render())
    assert.equal(render(), await readFile(file, 'utf8'))
  })
}
