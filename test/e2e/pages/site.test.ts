/** The static site: a feed that others can read, pages that work from files in Chromium, and hostile texts that stay texts. */
import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { parseAtomFeed } from 'feedsmith'
import { gapsOf } from '#analysis/gaps.ts'
import { writeSite } from '#cli/nightly/site.ts'
import { placesOf, readNights, writeNight } from '#cli/nightly/state.ts'
import { renderFeed } from '#render/site/feed.ts'
import { nightlyConfigSchema } from '#schema/nightly/config.ts'
import { CHROMIUM, openChromium, TIMEOUT_MS } from '#test/helpers/browser.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { EVIL } from '#test/helpers/reports/notice.ts'
import { nightsOf, reportOf } from '#test/helpers/reports/nights.ts'

const REPORTS = [reportOf(1, ['cc', 'cc']), reportOf(2, ['lc', 'cu'], 'b'), reportOf(3, ['lc', 'cc'], 'b')].map((report) => ({
  ...report,
  cases: report.cases.map((one) => ({ ...one, title: `${one.title} ${EVIL}` })),
}))
const NIGHTS = nightsOf(REPORTS, [EVIL])

test('the feed is Atom, by a parser that is not ours', () => {
  const url = 'https://ci.example.org/a b/'
  const feed = parseAtomFeed(renderFeed('a <b> & c', NIGHTS, url))
  assert.equal(textOf(feed.title), 'kwitness a <b> & c')
  assert.equal(feed.entries?.length, 3)
  const [newest, middle] = feed.entries ?? []
  assert.equal(textOf(newest?.title), '2026-11-03 02:00 UTC: 1 problem')
  assert.match(textOf(middle?.title), /: 1 regressed, 1 unfinished, 1 problem$/)
  assert.equal(middle?.links?.[0]?.href, `${url}nights/2026-11-02-1/index.html`)
  assert.ok(textOf(middle?.content).includes('&lt;script&gt;alert(1)&lt;/script&gt;'), 'HTML in which the text is escaped')
  for (const { id, updated } of feed.entries ?? []) {
    assert.match(id ?? '', /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(Number.isFinite(Date.parse(updated ?? '')))
  }
  assert.equal(new Set([feed.id, ...(feed.entries ?? []).map(({ id }) => id)]).size, 4)
  assert.equal(renderFeed('x', [], null).includes('<entry>'), false)
})

/** Text of a construct of Atom, as the parser gives it. */
const textOf = (one: unknown): string => (typeof one === 'string' ? one : ((one as { value?: string } | undefined)?.value ?? ''))

const browser = await openChromium()

describe('the site', () => {
  after(() => browser?.close())

  test('is written whole, keeps the last nights alone, and its pages pass in Chromium', async (t) => {
    const root = await temporaryFolder(t)
    const places = placesOf(root, 'nightly')
    const folder = join(root, 'site')
    const config = nightlyConfigSchema.parse({ site: { folder, nights: 2 } })
    for (const night of NIGHTS) await writeNight(places, night)
    await mkdir(join(folder, 'nights', '2026-10-01-1'), { recursive: true })
    await writeFile(join(folder, 'nights', 'notes.txt'), 'of the user')
    await writeSite(
      { places, config },
      { tonight: REPORTS[2]!, gaps: gapsOf(REPORTS[2]!, { cases: [], listing: null }) },
      config.site!,
    )
    assert.deepEqual((await readdir(join(folder, 'nights'))).toSorted(), ['2026-11-02-1', '2026-11-03-1', 'notes.txt'])
    assert.equal((await readNights(places, 10)).length, 3)
    if (browser === null) return t.skip(`Chromium is not installed at ${CHROMIUM}`)
    for (const [width, colorScheme] of [
      [420, 'light'],
      [1400, 'dark'],
    ] as const) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
      context.setDefaultTimeout(TIMEOUT_MS)
      const page = await context.newPage()
      const trouble: string[] = []
      page.on('pageerror', (error) => trouble.push(String(error)))
      page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
      page.on('dialog', (dialog) => trouble.push(dialog.message()))
      const seen = new Set<string>()
      const open = [pathToFileURL(join(folder, 'index.html')).href]
      for (let url = open.pop(); url !== undefined; url = open.pop()) {
        if (seen.has(url) || !url.endsWith('.html')) continue
        seen.add(url)
        await page.goto(url)
        // The matrix has tests of its own.
        if (url.endsWith('matrix.html')) continue
        await page.evaluate(axe.source)
        const found: string[] = await page.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')
        assert.deepEqual(found, [], url)
        const overflow: number = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        assert.ok(overflow <= 0, `${url} is ${overflow} px too wide at ${width}`)
        open.push(...(await page.evaluate<string[]>('[...document.links].map(({ href }) => href)')))
        const shots = process.env['KWITNESS_SHOTS']
        if (shots)
          await page.screenshot({ path: join(shots, `${url.split('/').slice(-2).join('-')}-${width}.png`), fullPage: true })
      }
      assert.deepEqual(trouble, [])
      // index, gaps, two nights with a matrix for one, two kernels, two fixes.
      assert.equal(seen.size, 9)
      await context.close()
    }
  })
})
