/** A long matrix is laid out in stages, in Chromium: the screen first, all of it soon, and nothing is out of reach meanwhile. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { CHROMIUM, openChromium } from '#test/helpers/browser.ts'
import { follow, HOSTILE_KERNEL, preparePages, shownRows } from './pages.ts'

/** Parts of the matrix that a filter leaves, and of those the ones that the browser has not laid out. */
const PARTS = `(() => {
  const parts = [...document.querySelectorAll('#matrix section:not([hidden])')]
  const held = parts.filter((part) => getComputedStyle(part).contentVisibility === 'hidden')
  return { parts: parts.length, held: held.length, first: held.includes(parts[0]) }
})()`
/** Resolves when no part is held back. */
const LAID_OUT = `new Promise((done) => {
  const look = () => document.querySelector('#matrix .later') === null ? done() : requestAnimationFrame(look)
  look()
})`
/** Types into the filter what it is called with, and looks before the page has time for anything else. */
const typing = (text: string) => `(() => {
  const input = document.getElementById('query')
  input.value = ${JSON.stringify(text)}
  input.dispatchEvent(new InputEvent('input', { bubbles: true }))
  return ${PARTS}
})()`
/** The cell with the focus: its kernel, and whether it is on the screen. */
const FOCUSED = `(() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect()
  const box = document.getElementById('matrix').getBoundingClientRect()
  return [document.activeElement.closest('tr')?.dataset.version, bottom > top && top >= box.top && bottom <= box.bottom + 1]
})()`

interface Parts {
  readonly parts: number
  readonly held: number
  readonly first: boolean
}

const browser = await openChromium()

describe('a long matrix in stages', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  const pages = preparePages(browser)
  before(pages.write)
  after(pages.close)
  type Tested = Parameters<typeof pages.open>[0]
  const open = (t: Tested, look: { readonly busy?: true } = {}): Promise<Page> => pages.open(t, { name: 'large.html', ...look })

  test('a filter lays out the screen at once, and the rest when the reader rests', async (t) => {
    const page = await open(t)
    await page.evaluate(LAID_OUT)
    for (const query of ['verdict:carries', 'uffd', 'series:6.1 OR series:6.12 OR series:7.1', '']) {
      const { parts, held, first } = await page.evaluate<Parts>(typing(query))
      assert.ok(parts > 2 && held < parts && !first, `${query}: ${held} of ${parts} parts are held back`)
      if (query !== 'series:6.1 OR series:6.12 OR series:7.1') assert.ok(held > 0, query)
      await page.evaluate(LAID_OUT)
      assert.deepEqual(await page.evaluate<Parts>(PARTS), { parts, held: 0, first: false })
    }
  })

  test('keys reach rows that are not laid out yet', async (t) => {
    const page = await open(t)
    await page.locator('td[tabindex="0"]').focus()
    await page.evaluate(typing(''))
    await page.keyboard.press('PageDown')
    assert.deepEqual(await page.evaluate(FOCUSED), ['6.1.0', true])
    await page.evaluate(typing('verdict:carries'))
    for (let row = 0; row < 70; row += 1) await page.keyboard.press('ArrowDown')
    const [version, isSeen] = await page.evaluate<[string, boolean]>(FOCUSED)
    assert.match(version, /^7\.\d\./)
    assert.ok(isSeen, version)
  })

  test('a filter lays out what the reader has scrolled to, and an address its cell', async (t) => {
    const page = await open(t)
    await page.evaluate(`document.getElementById('matrix').scrollTop = 1e6`)
    const { held, first } = await page.evaluate<Parts>(typing('verdict:carries'))
    assert.ok(held > 0 && first, 'the end of the matrix is on the screen, not its beginning')
    await page.evaluate(typing(''))
    await follow(page, 'cell=debian-7.3.4-1-cloud-amd64/uffd-case-39')
    await page.locator('td[aria-current]').waitFor()
    assert.equal(
      await page.evaluate(`getComputedStyle(document.querySelector('section:has([aria-current])')).contentVisibility`),
      'auto',
    )
  })

  test('printed, and for a reader without scripts, no part is held back', async (t) => {
    const page = await open(t)
    await page.emulateMedia({ media: 'print' })
    assert.equal((await page.evaluate<Parts>(typing('verdict:carries'))).held, 0)
    const plain = await pages.open(t, { name: 'large.html', withoutScripts: true })
    assert.deepEqual(await plain.evaluate<Parts>(PARTS), { parts: 10, held: 0, first: false })
    assert.ok((await plain.locator('#matrix .later').count()) > 0)
    assert.equal(await plain.locator('#matrix tr[data-kernel]:visible').count(), 100)
  })

  test('rows that come into sight, are asked for or are printed are there before the browser has time for them', async (t) => {
    const page = await open(t, { busy: true })
    assert.equal((await shownRows(page))[0], '5.10.0')
    assert.ok((await page.locator('tr[data-kernel]').count()) <= 40, 'the rest is text')
    await page.evaluate(`document.getElementById('matrix').scrollTop = 1e6`)
    await page.locator('tr[data-version="7.3.9"] td').first().waitFor()
    await page.evaluate(typing('series:6.12'))
    assert.deepEqual(
      await shownRows(page),
      Array.from({ length: 10 }, (_, patch) => `6.12.${patch}`),
    )
    await page.evaluate(typing('verdict:carries case:uffd-case-0*'))
    const shown = (await page.locator('#matches').textContent()) ?? ''
    assert.match(shown, /^99 of 100 kernels, 5 of 40 fixes, 295 results$/)
    await page.emulateMedia({ media: 'print' })
    await page.locator('tr[data-version="7.1.9"]').waitFor()
    assert.equal((await shownRows(page)).length, 99)
    const matching = page.locator('tr[data-kernel] td:visible:not([data-faint])')
    assert.equal(await matching.count(), 295)
    const again = await open(t, { busy: true })
    await again.pdf()
    assert.equal((await shownRows(again)).length, 100)
  })

  test('the text of rows stays text where it names a hostile kernel', async (t) => {
    const page = await pages.open(t, { name: 'hostile.html' })
    await page.evaluate(LAID_OUT)
    assert.equal(await page.locator('tr[data-kernel]').count(), 70)
    await follow(page, `cell=${encodeURIComponent(HOSTILE_KERNEL)}/uffd-case-02`)
    const cell = page.locator('td[aria-current]')
    await cell.waitFor()
    assert.equal(await page.locator('tr:has([aria-current]) th').getAttribute('title'), HOSTILE_KERNEL)
    assert.equal(await page.locator('#main :is(img, script)').count(), 0)
    assert.equal(await page.evaluate('typeof window.pwned'), 'undefined')
  })
})
