/** Pages of a small report that is compared with an earlier run, and of a large one, for tests that open them in Chromium. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { diffOf } from '#analysis/diff/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { renderHtml } from '#render/html/html.ts'
import { TIMEOUT_MS } from '#test/helpers/browser.ts'
import { smallReport } from '#test/helpers/reports.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { readAssets } from '#test/helpers/templates.ts'

/** A report whose kernels have images of their own, named by `age`. */
function withImages(report: Report, age: string): Report {
  const kernels = report.kernels.map((kernel) => ({
    ...kernel,
    sha256: createHash('sha256').update(`${age} ${kernel.id}`).digest('hex'),
  }))
  return { ...report, kernels }
}

/** The small report as an earlier run had it: on 6.12.94 one fix more, on 7.3.4 one less. */
function earlierReport(): Report {
  const report = smallReport()
  const was = new Map<string, 'carries' | 'lacks'>([
    ['debian-6.12.94-1-cloud-amd64/uffd-eagain-output', 'carries'],
    ['debian-7.3.4-1-cloud-amd64/uffd-copy-vs-fork', 'lacks'],
  ])
  const cells = report.cells.map((cell) => ({ ...cell, verdict: was.get(`${cell.kernel}/${cell.case}`) ?? cell.verdict }))
  return { ...report, run: { ...report.run, id: '2026-11-01-1' }, cells }
}

/** The id of a kernel that would leave the text in which a long page keeps its rows, and then the table. */
export const HOSTILE_KERNEL = '</noscript></table><img src=x onerror=window.pwned=1>'

/** A long report of few fixes, whose last kernel is hostile. */
function hostileReport(): Report {
  const report = largeReport(70, 3)
  return JSON.parse(JSON.stringify(report).replaceAll(report.kernels.at(-1)?.id ?? '', HOSTILE_KERNEL)) as Report
}

/** How a page is looked at. */
interface Look {
  readonly name?: 'small.html' | 'large.html' | 'hostile.html'
  /** The address behind its `#`. */
  readonly hash?: string
  readonly width?: number
  /** By a reader who allows no scripts. */
  readonly withoutScripts?: true
  /** In a browser that always has something else to do. */
  readonly busy?: true
}

/** Pages that `write` writes and `close` removes, with the browser. */
export function preparePages(browser: Browser | null) {
  let folder = ''
  return {
    write: async (): Promise<void> => {
      folder = await mkdtemp(join(tmpdir(), 'kwitness-pages-'))
      const assets = await readAssets()
      const diff = diffOf(withImages(earlierReport(), 'older'), withImages(smallReport(), 'newer'))
      await writeFile(join(folder, 'small.html'), renderHtml(smallReport(), assets, { diff }))
      await writeFile(join(folder, 'large.html'), renderHtml(largeReport(100, 40), assets))
      await writeFile(join(folder, 'hostile.html'), renderHtml(hostileReport(), assets))
    },
    close: async (): Promise<void> => {
      await browser?.close()
      await rm(folder, { recursive: true })
    },
    /** Open a page; any error of it fails the test. */
    open: async (
      t: TestContext,
      { name = 'small.html', hash = '', width = 1400, withoutScripts, busy }: Look = {},
    ): Promise<Page> => {
      assert.ok(browser)
      const context = await browser.newContext({
        viewport: { width, height: width < 600 ? 844 : 900 },
        permissions: ['clipboard-read', 'clipboard-write'],
        bypassCSP: true,
        javaScriptEnabled: !withoutScripts,
      })
      context.setDefaultTimeout(TIMEOUT_MS)
      const page = await context.newPage()
      if (busy) await page.addInitScript('globalThis.requestIdleCallback = () => 0')
      const trouble: string[] = []
      page.on('pageerror', (error) => trouble.push(String(error)))
      page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
      t.after(async () => {
        await context.close()
        assert.deepEqual(trouble, [])
      })
      await page.goto(`file://${join(folder, name)}${hash ? `#${hash}` : ''}`)
      if (!withoutScripts) await page.locator(busy ? 'html.live' : 'html.live.inflated').waitFor()
      return page
    },
  }
}

/** Follow another address in a page that is open. */
export async function follow(page: Page, hash: string): Promise<void> {
  await page.evaluate((text) => {
    const { document, location } = globalThis as unknown as {
      document: { querySelector: (of: string) => { click: () => void } | null }
      location: { hash: string }
    }
    document.querySelector('#panel:not([hidden]) .close')?.click()
    location.hash = text
  }, hash)
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))')
}

/** Versions of the kernels whose rows are shown. */
export function shownRows(page: Page): Promise<string[]> {
  const rows = page.locator('#matrix tr[data-kernel]:visible')
  return rows.evaluateAll((lines) => lines.map((line) => (line as unknown as { dataset: { version: string } }).dataset.version))
}
