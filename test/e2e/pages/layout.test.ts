/** How the page lies on a screen and in print, in Chromium: the panel beside its row, 420 and 1400 px, light and dark. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { CHROMIUM, openChromium } from '#test/helpers/browser.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { follow, preparePages, shownRows } from './pages.ts'

const CELL = 'cell=debian-6.12.94-1-cloud-amd64/uffd-eagain-output'
/** What axe finds, each with the first elements that it is about. */
const VIOLATIONS = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
  id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(' ')))`
/** What would be cut off in print. */
const CLIPPED = `[...document.querySelectorAll('.board, .matrix')]
  .filter((one) => getComputedStyle(one).overflow === 'auto' || one.scrollHeight > one.clientHeight + 2)
  .map(({ className }) => className)`

/** Texts of the matrix that leave their cell. */
const LEAVING = `[...document.querySelectorAll('.matrix td:not(.unplanned)')].flatMap((cell) => {
  const range = new Range()
  range.selectNodeContents(cell)
  const { left, right } = cell.getBoundingClientRect()
  const leaves = [...range.getClientRects()].some((rect) => rect.width > 0 && (rect.left < left - 1 || rect.right > right + 1))
  return leaves ? [cell.textContent] : []
})`
/** Pixels of the example in the empty filter, and those that it has. */
const EXAMPLE = `(() => {
  const input = document.getElementById('query')
  const { font, paddingLeft, paddingRight } = getComputedStyle(input)
  const context = document.createElement('canvas').getContext('2d')
  context.font = font
  return [context.measureText(input.placeholder).width, input.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)]
})()`

const browser = await openChromium()

describe('the page laid out', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  const pages = preparePages(browser)
  const { open } = pages
  before(pages.write)
  after(pages.close)

  for (const width of [420, 1400]) {
    test(`at ${width} px the panel never hides what it explains`, async (t) => {
      const large = largeReport(100, 40)
      const last = `cell=${large.kernels.at(-1)?.id}/${large.cases.at(-1)?.id}`
      const opened = new Map<string, Page>()
      for (const [name, hash] of [
        ['small.html', CELL],
        ['small.html', 'fix=uffd-mmap-changing-atomic'],
        ['large.html', last],
        ['large.html', `fix=${large.cases.at(-1)?.id}`],
      ] as const) {
        const page = opened.get(name) ?? (await open(t, { name, width }))
        opened.set(name, page)
        await follow(page, hash)
        const cell = await page.locator('[aria-current]').boundingBox()
        const panel = await page.locator('#panel').boundingBox()
        assert.ok(cell && panel)
        const isBeside = cell.x + cell.width <= panel.x + 1 || cell.y + cell.height <= panel.y + 1
        assert.ok(isBeside && cell.y >= 0 && cell.x >= 0, `${name} ${hash}: ${JSON.stringify({ cell, panel })}`)
        if (hash.startsWith('cell')) {
          const head = await page.locator('tr:has([aria-current]) th').boundingBox()
          assert.ok(
            head && head.y + head.height / 2 <= (width < 600 ? panel.y : 900),
            `${name}: the name of the kernel is in sight`,
          )
        }
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, 'nothing scrolls sideways')
      }
    })

    test(`at ${width} px no text is cut; light and dark, axe finds nothing: page, filter, cell and fix`, async (t) => {
      const page = await open(t, { width })
      assert.ok((await page.locator('.hint', { hasText: 'miss <0.0001 %' }).count()) > 0, 'the longest hint is there')
      assert.deepEqual(await page.evaluate(LEAVING), [])
      const [wanted = NaN, given = NaN] = await page.evaluate<number[]>(EXAMPLE)
      assert.ok(wanted <= given, `the example in the filter takes ${wanted} px and has ${given}`)
      await page.evaluate(axe.source)
      for (const hash of ['', 'q=verdict%3Alacks%20OR%20is%3Achanged', CELL, 'fix=uffd-eagain-output']) {
        await follow(page, hash)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          assert.deepEqual(await page.evaluate<string[]>(VIOLATIONS), [], `${hash} ${colorScheme}`)
          const shots = process.env['KWITNESS_SHOTS']
          if (shots) await page.screenshot({ path: join(shots, `${hash.slice(0, 8) || 'page'}-${width}-${colorScheme}.png`) })
        }
      }
    })
  }

  test('printed, the matrix and all fixes are there, and what needs a screen is not', async (t) => {
    const page = await open(t, { hash: CELL })
    await page.emulateMedia({ media: 'print' })
    for (const hidden of ['#filter', '#panel']) assert.ok(await page.locator(hidden).isHidden(), hidden)
    assert.equal((await shownRows(page)).length, 12)
    assert.equal(await page.locator('.fix:visible').count(), 6)
    assert.deepEqual(await page.evaluate<string[]>(CLIPPED), [])
    assert.ok((await page.pdf({ preferCSSPageSize: true })).byteLength > 10_000)
  })
})
