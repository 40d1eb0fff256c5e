/** Makes reports/sample from a page, by default that of the newest run: the page, and its picture as the README shows it. */
import { copyFile } from 'node:fs/promises'
import { inRepository } from '#harness/support/repository.ts'
import { InfraError } from '#domain/errors.ts'
import { CHROMIUM, openChromium } from '../helpers/browser.ts'

/** As wide as the whole matrix is: a README scales it down a little. */
const VIEWPORT = { width: 1400, height: 1000 }

const here = (path: string) => inRepository('reports', path)

const browser = await openChromium()
if (browser === null) throw new InfraError(`Chromium is not installed at ${CHROMIUM}`)
try {
  await copyFile(process.argv[2] ?? here('out/latest/index.html'), here('sample/report.html'))
  const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' })
  await page.goto(`file://${here('sample/report.html')}`)
  await page.locator('html.live').waitFor()
  // To the end of the matrix: the answers by fix below it are many screens.
  const matrix = await page.locator('.board').boundingBox()
  const height = Math.ceil((matrix?.y ?? 0) + (matrix?.height ?? 0)) + 12
  await page.screenshot({ path: here('sample/matrix.png'), fullPage: true, clip: { x: 0, y: 0, width: VIEWPORT.width, height } })
} finally {
  await browser.close()
}
