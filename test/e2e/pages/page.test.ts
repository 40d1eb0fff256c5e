/** The page at work in Chromium, opened from a file as the reader of a mail would, with a hostile guest in it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { renderHtml } from '#render/html/html.ts'
import { readAssets } from '#test/helpers/templates.ts'
import { CHROMIUM, openChromium, TIMEOUT_MS } from '#test/helpers/browser.ts'
import { CONTROL } from '#test/helpers/races.ts'
import { largeReport } from '#test/helpers/reports/large.ts'
import { HOSTILE, smallReport } from '#test/helpers/reports.ts'

const BROKEN = 'cell=debian-6.16.12-1-cloud-amd64/uffd-fault-around-wp'

const browser: Browser | null = await openChromium()

describe('the page', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  let folder = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kwitness-page-'))
    const assets = await readAssets()
    await writeFile(join(folder, 'small.html'), renderHtml(smallReport(), assets))
    await writeFile(join(folder, 'large.html'), renderHtml(largeReport(100, 40), assets))
  })

  after(async () => {
    await browser?.close()
    await rm(folder, { recursive: true })
  })

  /** Open a page; any error but the expected, any dialog and any request to elsewhere fails the test. */
  async function open(
    t: TestContext,
    name: string,
    hash = '',
    options: { readonly javaScriptEnabled?: boolean; readonly expected?: RegExp } = {},
  ): Promise<Page> {
    assert.ok(browser)
    const { javaScriptEnabled = true, expected } = options
    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, javaScriptEnabled })
    context.setDefaultTimeout(TIMEOUT_MS)
    const page = await context.newPage()
    const trouble: string[] = []
    page.on('pageerror', (error) => trouble.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' && !expected?.test(message.text())) trouble.push(message.text())
    })
    page.on('dialog', (dialog) => {
      trouble.push(dialog.message())
      void dialog.dismiss()
    })
    page.on('request', (request) => {
      if (!/^(?:file|data):/.test(request.url())) trouble.push(request.url())
    })
    t.after(async () => {
      await context.close()
      assert.deepEqual(trouble, [])
    })
    await page.goto(`file://${join(folder, name)}${hash ? `#${hash}` : ''}`)
    return page
  }

  const shownRows = (page: Page) => page.locator('#matrix tr[data-kernel]:visible').count()

  test('a filter narrows rows and columns and says so, and clearing it brings all back', async (t) => {
    const page = await open(t, 'small.html')
    assert.equal(await shownRows(page), 12)
    await page.keyboard.press('/')
    await page.keyboard.type('series:6.1 verdict:lacks case:uffd*')
    assert.equal(await shownRows(page), 3)
    assert.equal(await page.locator('#matches').textContent(), '3 of 12 kernels, 2 of 6 fixes, 5 results')
    assert.equal(await page.locator('tr[data-kernel*="6.1.170"] td:visible').count(), 2)
    await page.locator('#query').fill('verdict:inconclusive series:5.10')
    assert.equal(await shownRows(page), 0)
    await page.locator('#clear').click()
    assert.equal(await shownRows(page), 12)
    assert.equal(await page.locator('tr[data-kernel*="6.1.170"] td:visible').count(), 6)
  })

  test('the address keeps filter and cell, and a page opened with it shows both', async (t) => {
    const page = await open(t, 'small.html', `q=verdict%3Aerror&${BROKEN}`)
    assert.equal(await page.locator('#query').inputValue(), 'verdict:error')
    assert.equal(await shownRows(page), 1)
    assert.ok(await page.locator('#panel').isVisible())
    await page.locator('#query').fill('verdict:lacks')
    // The browser tells of a new address when it comes to it.
    await page.waitForURL((url) => url.hash === `#q=verdict%3Alacks&${BROKEN}`)
  })

  test('an address cut short or of a cell that is not there opens the page all the same', async (t) => {
    const page = await open(t, 'small.html', 'q=%E2%82&cell=nobody/nothing')
    assert.equal(await shownRows(page), 12)
    assert.ok(await page.locator('#panel').isHidden())
  })

  test('keys walk the matrix, Enter opens a cell, Esc closes it and gives the focus back', async (t) => {
    const page = await open(t, 'small.html')
    await page.locator('td[tabindex="0"]').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    assert.match((await page.locator('#panel-title').textContent()) ?? '', /lacks uffd-eagain-output on tree-5\.10\.262/)
    assert.equal(await page.evaluate('document.activeElement.id'), 'panel-title')
    await page.keyboard.press('Escape')
    assert.ok(await page.locator('#panel').isHidden())
    assert.equal(await page.evaluate('document.activeElement.closest("tr").dataset.kernel'), CONTROL.kernel)
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    assert.match((await page.locator('#panel-title').textContent()) ?? '', /uffd-mmap-changing-atomic/)
  })

  test('a click opens a cell with verdict, claim, boundary, fix, subtests and command line', async (t) => {
    const page = await open(t, 'small.html')
    await page.locator('tr[data-kernel="debian-6.12.94-1-cloud-amd64"] td').nth(2).click()
    const text = await page.locator('#panel').innerText()
    const parts = [
      'Listed as fixed, still affected',
      'listed: Debian changelog: linux (6.12.43-1), ChangeLog-6.12.29, "mm/userfaultfd: fix uninit',
      'carries up to debian-6.12.43-1-cloud-amd64',
      '95567729173e',
      'CVE-2025-00000',
      '✘ fail UFFDIO_COPY',
      'returned 0, copy 4096; expected -EAGAIN',
      '9876543210987654321',
      'microvm-pvh',
    ]
    for (const part of parts) assert.ok(text.replaceAll(/\s+/g, ' ').includes(part), part)
    await page.getByText('QEMU command line').click()
    const bisect = await page.locator('#panel dl .command pre').innerText()
    assert.match(bisect, /^git bisect start --term-old fixed --term-new broken v6\.12\.94 v6\.12\.43\ngit bisect run /)
    const command = await page.locator('#panel .attempt .command pre').first().innerText()
    assert.match(command, /^qemu-system-x86_64 \\\n {2}-nodefaults/)
    assert.ok(command.includes(`'console=ttyS0 panic=-1 quiet kw.case='\\''one'\\'''`))
    await page.getByRole('button', { name: 'newer' }).click()
    assert.match((await page.locator('#panel-title').textContent()) ?? '', /on debian-6\.12\.117/)
  })

  test('a fix says since when each series carries it, how sure that is, and gives git the lines to narrow it', async (t) => {
    const page = await open(t, 'small.html')
    const fix = page.locator('#fix-uffd-eagain-output')
    const branch = fix.locator('.branches > li', { hasText: '6.1.y' })
    const said = (await branch.innerText()).replaceAll(/\s+/g, ' ')
    assert.match(said, /6\.1\.y carries since 6\.1\.192 6\.1\.187 lacks → 6\.1\.192 carries untested in between: 6\.1\.190/)
    await branch.getByText('untested in between').click()
    const lines = (await branch.locator('pre').innerText()).split('\n')
    assert.deepEqual(lines, [
      'git bisect start --term-old broken --term-new fixed v6.1.192 v6.1.187',
      'git bisect run kwitness bisect-step --cases uffd-eagain-output --find fix',
    ])
    await branch.getByRole('button', { name: 'Copy' }).click()
    await branch.getByRole('button', { name: /Copied|Selected/ }).waitFor()
    const steady = (await page.locator('#fix-uffd-mmap-changing-atomic .branches').innerText()).replaceAll(/\s+/g, ' ')
    assert.match(steady, /5\.10\.y lacks 5\.10\.218 … 5\.10\.262, all 2 tested/)
    assert.match(steady, /6\.1\.y carries 6\.1\.170 … 6\.1\.192, 3 of 4 tested/)
  })

  test('a race says how sure it is, in sentences first, then beside its reference rate', async (t) => {
    const page = await open(t, 'small.html', 'cell=debian-6.1.187-1-cloud-amd64/gup-fast-vs-fork')
    const race = page.locator('#panel .race')
    await race.waitFor()
    assert.equal(await race.locator('h3 + p').textContent(), 'The bug did not show itself here.')
    const cells = (row: number) => race.locator('tr').nth(row).locator('th, td').allInnerTexts()
    assert.deepEqual(await cells(0), ['', 'This kernel', 'Control kernel, known bad extrapolated from 5.10.y'])
    assert.deepEqual(await cells(1), ['Kernel', 'this one', '5.10.262 57efa1fe5957'])
    assert.deepEqual(await cells(2), ['Trials counted', '400', '1,500'])
    assert.deepEqual(await cells(4), ['Rate, 95 % confidence', 'at most 0.92 %', '0.51 % to 1.6 %'])
    assert.equal(await race.locator('.reach').innerText(), '400 of 2,696 trials without a hit')
    const bar = await race.locator('.reach div').boundingBox()
    const filled = await race.locator('.reach div span').boundingBox()
    assert.ok(bar && filled && Math.abs(filled.width / bar.width - 400 / 2696) < 0.02, 'the bar is as full as its sentence says')
    const facts = (await race.locator('dl').innerText()).split('\n')
    for (const fact of ['13 %; accepted at 0.0001 % or less', '2,296 more, all without a hit', CONTROL.summary]) {
      assert.ok(facts.includes(fact), fact)
    }
  })

  test('a race by a hostile guest, without a control and on a control itself', async (t) => {
    const page = await open(t, 'small.html', 'cell=debian-6.12.117-1-cloud-amd64/gup-fast-vs-fork')
    const race = page.locator('#panel .race')
    await race.waitFor()
    assert.equal(await race.locator('h3 + p').textContent(), HOSTILE)
    assert.equal(await race.locator(':is(script, img)').count(), 0)
    assert.equal(await page.evaluate('typeof window.pwned'), 'undefined')
    await page.locator('tr[data-kernel*="6.12.94"] td').first().click()
    await race.getByText('unknown without a control kernel').waitFor()
    assert.equal(await race.locator('thead, .reach').count(), 0)
    const own = page.locator(`tr[data-kernel="${CONTROL.kernel}"]`)
    assert.equal(await own.locator('.known').innerText(), 'known bad')
    await own.locator('td').first().click()
    await race.getByText('none: the bug was seen').waitFor()
    assert.equal(await race.locator('thead, .reach').count(), 0)
  })

  test('what a hostile guest printed is shown as it is, and nothing of it runs', async (t) => {
    const page = await open(t, 'small.html', BROKEN)
    await page.getByRole('button', { name: 'console 4' }).first().click()
    assert.match((await page.locator('.log .here').textContent()) ?? '', /^BUG: kernel NULL pointer dereference, address: 0+$/)
    assert.equal(await page.locator('.log li').nth(5).textContent(), HOSTILE)
    assert.equal(await page.locator('.log .splat').count(), 3)
    assert.equal(await page.locator('#panel :is(script, img)').count(), 0)
    assert.equal(await page.evaluate('typeof window.pwned'), 'undefined')
  })

  test('the policy of the page stops a script that would get in', async (t) => {
    const page = await open(t, 'small.html', '', { expected: /violates the following Content Security Policy/ })
    const ran = await page.evaluate(`(async () => {
      const made = document.createElement('div')
      made.innerHTML = '<img src="data:," onerror="window.pwned = 1">'
      const failed = new Promise((done) => made.firstChild.addEventListener('error', done))
      document.body.append(made)
      await failed
      const script = document.createElement('script')
      script.textContent = 'window.pwned = 2'
      document.body.append(script)
      return window.pwned
    })()`)
    assert.equal(ran, undefined)
  })

  test('without scripts the matrix is all there, in words, and no filter pretends to work', async (t) => {
    const page = await open(t, 'small.html', '', { javaScriptEnabled: false })
    assert.equal(await shownRows(page), 12)
    const row = page.locator('tr[data-kernel="debian-5.10.218-1-cloud-amd64"]')
    const words = ['lacks, listed as fixed, still affected, 1 hit in 312', 'carries', 'lacks', 'lacks', 'n/a', 'lacks']
    assert.deepEqual(await row.locator('td').allTextContents(), words)
    assert.ok(await page.locator('#filter').isHidden())
  })

  test('on a phone nothing but the matrix scrolls sideways, and a cell opens over the page', async (t) => {
    const page = await open(t, 'large.html')
    await page.setViewportSize({ width: 390, height: 844 })
    // The page learns of its new size when it next draws.
    await page.evaluate(`new Promise((done) => {
      const look = () => innerWidth === 390 ? done() : requestAnimationFrame(look)
      look()
    })`)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
    await page.locator('tr[data-kernel] td').nth(3).click()
    const box = await page.locator('#panel').boundingBox()
    assert.deepEqual([box?.x, box?.width], [0, 390])
  })

  test('with many fixes cells are signs alone, and a reader of the screen gets the word', async (t) => {
    const page = await open(t, 'large.html')
    const cell = page.locator('td[tabindex="0"]')
    assert.equal(await cell.textContent(), '?')
    assert.equal(await cell.getAttribute('aria-label'), 'inconclusive')
  })
})
