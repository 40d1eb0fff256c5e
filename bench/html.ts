/**
 * The page of 1,000 kernels x 50 cases: time to render it, beside the floor of writing the same report as JSON, and the time a
 * keystroke in its filter takes in Chromium until the next frame is ready. Budgets: 2 s and 100 ms. Each figure comes with the
 * processor's time, which is what stays comparable when the machine is busy with other things.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Browser, Page } from 'playwright-core'
import { renderHtml } from '#render/html/html.ts'
import { readAssets } from '#test/helpers/templates.ts'
import { openChromium } from '#test/helpers/browser.ts'
import { largeReport } from '#test/helpers/reports/large.ts'

/** Milliseconds of one act. */
interface Timing {
  readonly wall: number
  readonly cpu: number
}

const KERNELS = 1000
const CASES = 50
const REPEATS = 5
/** Typed one letter after the other, then taken away again: rows, cells and columns in turn. */
const TYPED = 'series:6.1 verdict:lacks case:uffd-case-1'

const report = largeReport(KERNELS, CASES)
const assets = await readAssets()
const floor = measure(() => JSON.stringify(report))
const render = measure(() => renderHtml(report, assets))
const html = renderHtml(report, assets)
say(`render ${KERNELS} x ${CASES}`, `${timing(render)} (budget 2000 ms)`)
say('floor: JSON.stringify', `${timing(floor)} for the same report, so ${(render.wall / floor.wall).toFixed(1)} times that`)
say('size of the page', `${mb(html)} (aim 15 MB; the report as JSON: ${mb(JSON.stringify(report))})`)

const browser = await openChromium()
if (browser === null) {
  say('filter keystroke', 'not measured: Chromium is not installed')
} else {
  try {
    await measurePage(browser, html)
  } finally {
    await browser.close()
  }
}

/** Open the page from a file, type in its filter and open a cell. */
async function measurePage(chromium: Browser, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-bench-'))
  try {
    const file = join(folder, 'report.html')
    await writeFile(file, text)
    const page = await chromium.newPage({ viewport: { width: 1400, height: 1000 } })
    const start = performance.now()
    await page.goto(`file://${file}`)
    await page.locator('html.live').waitFor()
    say('open the page', `${(performance.now() - start).toFixed(0)} ms`)
    const keystrokes = await typeInFilter(page, TYPED)
    const worst = keystrokes.toSorted((a, b) => b.cpu - a.cpu)[0]
    say('filter keystroke, median', `${timing(medians(keystrokes))} (budget 100 ms)`)
    say('filter keystroke, worst', worst ? timing(worst) : 'none')
    const [opened] = await typeOrClick(page, ["document.querySelector('tr:not([hidden]) td.lacks').click()"])
    say('open the first cell', opened ? timing(opened) : 'none')
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Type a text letter by letter and take it away again. */
async function typeInFilter(page: Page, text: string): Promise<Timing[]> {
  const states = [...text].map((_, index) => text.slice(0, index + 1))
  const input = "document.querySelector('#query')"
  return typeOrClick(
    page,
    [...states, ...states.toReversed(), ''].map(
      (state) => `${input}.value = ${JSON.stringify(state)}; ${input}.dispatchEvent(new Event('input', { bubbles: true }))`,
    ),
  )
}

/** Act in the page, one thing after the other; of each the time until its frame is laid out and painted. */
async function typeOrClick(page: Page, acts: readonly string[]): Promise<Timing[]> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  const cpuSeconds = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0
  }
  const frame = 'await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))'
  const timings: Timing[] = []
  for (const act of acts) {
    const before = await cpuSeconds()
    const timed = `const start = performance.now(); ${act}; ${frame}; return performance.now() - start`
    const wall = Number(await page.evaluate(`(async () => { ${frame}; ${timed} })()`))
    timings.push({ wall, cpu: ((await cpuSeconds()) - before) * 1000 })
  }
  return timings
}

/** Median time of some runs, after one to warm up. */
function measure(work: () => unknown): Timing {
  return medians(
    Array.from({ length: REPEATS + 1 }, () => {
      const start = performance.now()
      const before = process.cpuUsage()
      work()
      const cpu = process.cpuUsage(before)
      return { wall: performance.now() - start, cpu: (cpu.user + cpu.system) / 1000 }
    }).slice(1),
  )
}

function medians(timings: readonly Timing[]): Timing {
  const middle = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
  return { wall: middle(timings.map(({ wall }) => wall)), cpu: middle(timings.map(({ cpu }) => cpu)) }
}

function timing({ wall, cpu }: Timing): string {
  return `${wall.toFixed(0)} ms, ${cpu.toFixed(0)} ms of processor`
}

function mb(text: string): string {
  return `${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`
}

function say(what: string, figure: string): void {
  console.log(`${what.padEnd(26)}${figure}`)
}
