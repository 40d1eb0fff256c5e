/** The picture of a race that was decided by its interleavings, in Chromium: wide, narrow, dark, and with hostile names. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { ScheduleStanding } from '#domain/race/schedule.ts'
import type { Report } from '#domain/report/matrix.ts'
import { renderHtml } from '#render/html/html.ts'
import { CHROMIUM, openChromium, TIMEOUT_MS } from '#test/helpers/browser.ts'
import { boundaryRun as run } from '#test/helpers/judging.ts'
import { HOSTILE, smallReport } from '#test/helpers/reports.ts'
import { readAssets } from '#test/helpers/templates.ts'

const CELL = { kernel: 'debian-6.1.192-1-cloud-amd64', case: 'gup-fast-vs-fork' }
const cut = (boundary: number) => ({ boundary, runs: [run(0, 436, { end: 'waits' })] })

const SCHEDULE: ScheduleStanding = {
  boundaries: 700,
  tried: 699,
  segments: [
    { symbol: 'copy_page_range', from: 0, to: 299 },
    { symbol: HOSTILE, from: 300, to: 399 },
    { symbol: 'copy_page_range', from: 400, to: 699 },
  ],
  kernel: [
    run(0, 59),
    run(60, 349, { end: 'waits' }),
    run(350, 350, { end: 'void', why: HOSTILE }),
    run(351, 699, { end: 'waits' }),
  ],
  disabled: { problem: null, instructions: [60, 690], runs: [run(0, 479), run(480, 549, { hit: true }), run(550, 696)] },
  secondCut: {
    problem: null,
    symbol: 'internal_get_user_pages_fast',
    instructions: 440,
    every: 4,
    cuts: [cut(480), cut(549)],
    control: {
      problem: null,
      branch: 'internal_get_user_pages_fast+0x1c0',
      cut: { boundary: 480, runs: [run(0, 56, { end: 'waits' }), run(60, 60, { hit: true })] },
    },
  },
  windows: [{ from: 480, to: 549, opens: 'copy_page_range+0x10: movl 0x34(%rdx), %eax', closes: 'copy_page_range+0x90' }],
  missing: [`no trial at boundary 350 counts: ${HOSTILE}`],
}

function scheduledReport(): Report {
  const report = smallReport()
  const cells = report.cells.map((cell) =>
    cell.kernel === CELL.kernel && cell.case === CELL.case ? { ...cell, race: null, schedule: SCHEDULE } : cell,
  )
  return { ...report, cells }
}

const browser: Browser | null = await openChromium()

describe('the picture of a window', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  let folder = ''
  let page: Page

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kwitness-page-'))
    await writeFile(join(folder, 'page.html'), renderHtml(scheduledReport(), await readAssets()))
    assert.ok(browser)
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 } })
    page.setDefaultTimeout(TIMEOUT_MS)
    await page.goto(`file://${join(folder, 'page.html')}#cell=${CELL.kernel}/${CELL.case}`)
    await page.locator('#panel .schedule').waitFor()
  })

  after(async () => {
    await browser?.close()
    await rm(folder, { recursive: true })
  })

  test('each part is as wide as its boundaries, and tells what was seen', async () => {
    const strips = page.locator('#panel .schedule svg')
    assert.equal(await strips.count(), 3)
    const whole = await strips.nth(2).boundingBox()
    const hit = await strips.nth(2).locator('rect.hit').boundingBox()
    assert.ok(whole && hit)
    assert.ok(Math.abs((hit.x - whole.x) / whole.width - 480 / 700) < 0.01)
    assert.ok(Math.abs(hit.width / whole.width - 70 / 700) < 0.01)
    assert.equal(await strips.nth(2).locator('rect.hit title').textContent(), '480 to 549: the bug')
    assert.deepEqual(
      await strips
        .nth(1)
        .locator('rect')
        .evaluateAll((all) => all.map((rect) => rect.getAttribute('class'))),
      ['done', 'waits', 'void', 'waits'],
    )
    const said = await page.locator('#panel .schedule').innerText()
    assert.match(said, /699 of 700 boundaries/)
    assert.match(
      said,
      /boundaries 480 to 549: behind copy_page_range\+0x10: movl 0x34\(%rdx\), %eax, before copy_page_range\+0x90/,
    )
    assert.match(said, /without the check at internal_get_user_pages_fast\+0x1c0 it shows from instruction 60 on/)
  })

  test('names of a hostile kernel are text', async () => {
    assert.equal(
      await page.locator('#panel .schedule svg').nth(0).locator('title').nth(1).textContent(),
      `300 to 399: ${HOSTILE}`,
    )
    assert.equal(await page.locator('#panel .schedule :is(script, img)').count(), 0)
    assert.equal(await page.evaluate('typeof window.pwned'), 'undefined')
  })

  test('it fits a narrow screen, and its parts differ in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 800 })
    await page.emulateMedia({ colorScheme: 'dark' })
    const section = await page.locator('#panel .schedule').boundingBox()
    const strip = await page.locator('#panel .schedule svg').first().boundingBox()
    assert.ok(section && strip && section.width <= 360 && strip.width <= section.width && strip.width > 200)
    const colours = await Promise.all(
      ['done', 'waits', 'hit', 'void'].map((kind) =>
        page.evaluate(`getComputedStyle(document.querySelector('#panel .schedule rect.${kind}')).fill`),
      ),
    )
    assert.equal(new Set(colours).size, 4)
  })
})
