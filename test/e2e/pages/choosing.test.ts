/** Choosing a kernel on the page in Chromium: filters, counts, exports, fixes, changes and keys. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import type { Page } from 'playwright-core'
import { CHROMIUM, openChromium } from '#test/helpers/browser.ts'
import { HOSTILE, smallReport } from '#test/helpers/reports.ts'
import { preparePages, shownRows } from './pages.ts'
import { loadPageScripts } from '#test/render/html/page-scripts.ts'

const browser = await openChromium()

describe('choosing on the page', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  const pages = preparePages(browser)
  const { open } = pages
  before(pages.write)
  after(pages.close)

  const fill = (page: Page, text: string) => page.locator('#query').fill(text)
  const matches = (page: Page) => page.locator('#matches').textContent()

  test('alternatives, negated groups and versions', async (t) => {
    const page = await open(t)
    await fill(page, '(series:6.16 OR series:7.2) verdict:lacks')
    assert.deepEqual(await shownRows(page), ['6.16.12', '7.2.13'])
    await fill(page, '-(series:5.10 OR series:6.1 OR since:6.16)')
    assert.deepEqual(await shownRows(page), ['6.12.43', '6.12.94', '6.12.117'])
    await fill(page, 'since:6.12.94 -since:7.2')
    assert.deepEqual(await shownRows(page), ['6.12.94', '6.12.117', '6.16.12'])
    await fill(page, 'series:6.16 case:uffd-fault* OR series:7.3 case:uffd-copy*')
    assert.equal(await matches(page), '2 of 12 kernels, 3 of 6 fixes, 3 results')
    const bare = page.locator('tr[data-version="7.3.4"] td:visible')
    const colours = await bare.evaluateAll((cells) =>
      cells.map(
        (cell) =>
          (globalThis as unknown as { getComputedStyle: (of: unknown) => { backgroundColor: string } }).getComputedStyle(cell)
            .backgroundColor,
      ),
    )
    const isFaint = colours.map((colour) => colour === 'rgba(0, 0, 0, 0)')
    assert.deepEqual(isFaint, [false, true, true], 'cells between matching ones that do not match are faint')
    await fill(page, '')
    assert.equal(await page.locator('td[data-faint]').count(), 0)
    await fill(page, 'nonsense:1 (series:6.1')
    assert.match((await matches(page)) ?? '', /3 of 12 kernels.*; unknown key “nonsense:”; a “\(” without its “\)”/)
  })

  test('counts follow the filter', async (t) => {
    const page = await open(t)
    const count = async (verdict: string) => Number(await page.locator(`[data-count=${verdict}] span`).textContent())
    const report = smallReport()
    for (const verdict of ['carries', 'lacks', 'error'] as const) assert.equal(await count(verdict), report.counts[verdict])
    await fill(page, 'series:6.1')
    const own = report.cells.filter(({ kernel }) => kernel.includes('-6.1.'))
    for (const verdict of ['carries', 'lacks', 'error', 'no-result'] as const) {
      assert.equal(await count(verdict), own.filter((cell) => cell.verdict === verdict).length, verdict)
    }
    await fill(page, 'verdict:error')
    assert.deepEqual([await count('carries'), await count('error')], [0, 1])
  })

  test('the newest of each series that carries all marked fixes is one click', async (t) => {
    const page = await open(t)
    await page.getByRole('checkbox', { name: 'uffd-eagain-output must be carried' }).check()
    await page.getByRole('checkbox', { name: 'uffd-copy-vs-fork must be carried' }).check()
    assert.equal(await page.locator('#query').inputValue(), 'carries:uffd-eagain-output,uffd-copy-vs-fork')
    await page.getByRole('button', { name: 'Newest of each series' }).click()
    assert.deepEqual(await shownRows(page), ['6.1.192', '6.12.117', '6.16.12', '7.2.13', '7.3.4'])
    assert.match((await matches(page)) ?? '', /^5 of 12 kernels, 6 of 6 fixes, \d+ results; no kernel of 5\.10\.y$/)
    assert.equal(await page.getByRole('button', { name: 'Newest of each series' }).getAttribute('aria-pressed'), 'true')
    // The address holds it all, and a page opened with it shows the same.
    const [, hash = ''] = page.url().split('#')
    const again = await open(t, { hash })
    assert.deepEqual(await shownRows(again), ['6.1.192', '6.12.117', '6.16.12', '7.2.13', '7.3.4'])
    assert.ok(await again.getByRole('checkbox', { name: 'uffd-copy-vs-fork must be carried' }).isChecked())
    await page.getByRole('button', { name: 'Newest of each series' }).click()
    await page.getByRole('checkbox', { name: 'uffd-eagain-output must be carried' }).uncheck()
    await page.getByRole('checkbox', { name: 'uffd-copy-vs-fork must be carried' }).uncheck()
    assert.equal((await shownRows(page)).length, 12)
  })

  test('titles are there without hovering, and the head of a column opens its fix', async (t) => {
    for (const name of ['small.html', 'large.html'] as const) {
      const page = await open(t, { name })
      const title = page.locator('.heads th[data-case] span').first()
      const box = await title.boundingBox()
      assert.ok(box && box.width * box.height > 200, `${name}: the title takes room`)
      await page.locator('.heads a').first().click()
      const id = await page.locator('.heads th[data-case]').first().getAttribute('data-case')
      assert.equal(await page.locator('#panel-title').textContent(), id)
      assert.ok(page.url().endsWith(`#fix=${id}`))
    }
  })

  test('the panel of a fix says what its series answer, marks it and shows it alone', async (t) => {
    const page = await open(t, { hash: 'fix=uffd-eagain-output' })
    const panel = page.locator('#panel')
    assert.match((await panel.innerText()).replaceAll(/\s+/g, ' '), /6\.1\.y carries since 6\.1\.192/)
    await panel.getByRole('button', { name: 'Must be carried' }).click()
    assert.equal(await page.locator('#query').inputValue(), 'carries:uffd-eagain-output')
    await panel.getByRole('button', { name: 'Only this fix' }).click()
    assert.equal(await matches(page), '12 of 12 kernels, 1 of 6 fixes, 12 results')
    await panel.getByRole('link', { name: '6.1.187 lacks' }).click()
    await page.locator('#panel-title', { hasText: 'on debian-6.1.187' }).waitFor()
    await panel.getByRole('button', { name: 'All series' }).click()
    assert.equal(await page.locator('#panel-title').textContent(), 'uffd-eagain-output')
  })

  test('arrows lead from the matrix to the heads of its columns and back, Space marks, Enter opens', async (t) => {
    const page = await open(t)
    await page.locator('td[tabindex="0"]').focus()
    for (const key of ['ArrowRight', 'ArrowUp', 'ArrowRight', 'Space']) await page.keyboard.press(key)
    assert.equal(await page.locator('#query').inputValue(), 'carries:uffd-eagain-output')
    await page.keyboard.press('Enter')
    assert.equal(await page.locator('#panel-title').textContent(), 'uffd-eagain-output')
    await page.keyboard.press('Escape')
    assert.equal(await page.evaluate('document.activeElement.closest("th").dataset.case'), 'uffd-eagain-output')
    await page.keyboard.press('ArrowDown')
    assert.equal(await page.evaluate('document.activeElement.cellIndex'), 3)
    assert.equal(await page.evaluate('document.activeElement.closest("tr").dataset.version'), (await shownRows(page))[0])
  })

  test('what is filtered is copied and downloaded, as others read it', async (t) => {
    const page = await open(t, { hash: 'q=series%3A6.16%20-verdict%3An%2Fa' })
    await page.locator('#export > summary').click()
    const report = smallReport()
    const own = report.cells.filter(({ kernel, verdict }) => kernel.includes('-6.16.') && verdict !== 'not-applicable')
    const download = async (format: string): Promise<string> => {
      const [found] = await Promise.all([page.waitForEvent('download'), page.locator(`[data-save=${format}]`).click()])
      assert.equal(found.suggestedFilename(), `kwitness-example-1.${format}`)
      return readFile(await found.path(), 'utf8')
    }
    const copy = async (format: string): Promise<string> => {
      await page.locator(`[data-copy=${format}]`).click()
      await page.locator('#exported', { hasText: `${own.length} results copied` }).waitFor()
      return page.evaluate<string>('navigator.clipboard.readText()')
    }
    const csv = parse(await download('csv'), { columns: true }) as Record<string, string>[]
    const names = own.map((cell) => [cell.kernel, cell.case, cell.verdict])
    assert.deepEqual(
      csv.map((row) => [row['kernel'], row['case'], row['verdict']]),
      names,
    )
    assert.equal(csv[0]?.['summary'], own[0]?.summary)
    assert.deepEqual(parse(await copy('csv'), { columns: true }), csv)
    const json = JSON.parse(await copy('json')) as Record<string, string>[]
    assert.deepEqual(json, JSON.parse(await download('json')))
    assert.deepEqual(
      json.map((row) => [row['kernel'], row['case'], row['verdict']]),
      names,
    )
    const markdown = await copy('md')
    assert.equal(markdown.trimEnd().split('\n').length, own.length + 2)
    assert.equal(markdown, await download('md'))
  })

  test('hostile texts break no export', () => {
    const { exportCsv, exportMarkdown } = loadPageScripts()
    const rows = [{ kernel: '=cmd()', case: 'a,"b"', verdict: 'lacks', summary: `${HOSTILE}\n| x | \u202E` }]
    const [row] = parse(exportCsv(rows), { columns: true }) as Record<string, string>[]
    assert.deepEqual([row?.['kernel'], row?.['case']], ["'=cmd()", 'a,"b"'])
    const [, , line = '', ...more] = exportMarkdown(rows).trimEnd().split('\n')
    assert.deepEqual(more, [])
    assert.equal(line.replaceAll(/\\./g, '').split('|').length, 7)
    assert.doesNotMatch(line, /(^|[^\\])<|\u202E/)
  })

  test('what changed since another run stands above the matrix, is marked in it, and can be shown alone', async (t) => {
    const page = await open(t)
    const changes = page.locator('.changes')
    const said = (await changes.innerText()).replaceAll(/\s+/g, ' ')
    assert.match(
      said,
      /Since run 2026-11-01-1 .* 1 regressed: uffd-eagain-output on 6\.12\.94 1 fixed: uffd-copy-vs-fork on 7\.3\.4/,
    )
    await changes.getByRole('link', { name: 'Show what changed alone' }).click()
    assert.deepEqual(await shownRows(page), ['6.12.94', '7.3.4'])
    await fill(page, 'change:regressed')
    assert.deepEqual(await shownRows(page), ['6.12.94'])
    const cell = page.locator('tr[data-version="6.12.94"] td.d-regressed')
    assert.match((await cell.textContent()) ?? '', /regressed: carries before/)
    await changes.getByRole('link', { name: 'uffd-copy-vs-fork on 7.3.4' }).click()
    assert.match((await page.locator('#panel-title').textContent()) ?? '', /uffd-copy-vs-fork on debian-7\.3\.4/)
  })
})
