/** What must hold of every report, whatever a guest said: it reads back, and a guest's words stay words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { readTests } from '#console/ktap/reader.ts'
import type { Verdict } from '#domain/judgement.ts'
import { fromFile, type ReportFile } from '#domain/report/file.ts'
import type { ReportAttempt } from '#domain/report/matrix.ts'
import { reportSchema } from '#schema/report/matrix.ts'
import { renderHtml } from '#render/html/html.ts'
import { RENDERERS } from '#render/index.ts'
import { renderJson } from '#render/json.ts'
import { renderKtap } from '#render/ktap.ts'
import { renderTerminal } from '#render/terminal/report.ts'
import { readAssets } from '../helpers/templates.ts'
import { kernel, smallReport } from '../helpers/reports.ts'
import { guestText, spokenBy } from '../helpers/guest-text.ts'

const assets = await readAssets()
const TERMINAL = { width: 100, colour: false, ascii: false }

test('property: JSON reads back as the same report', () => {
  fc.assert(
    fc.property(guestText, (text) => {
      const report = spokenBy(text)
      const read = (json: string) => fromFile(reportSchema.parse(JSON.parse(json)))
      assert.deepEqual(read(renderJson(report, { logs: true })), JSON.parse(JSON.stringify(report)))
      const withoutLogs = (attempt: ReportAttempt) => ({ ...attempt, console: [], output: [] })
      const cells = report.cells.map((cell) => ({ ...cell, attempts: cell.attempts.map(withoutLogs) }))
      assert.deepEqual(read(renderJson(report)), JSON.parse(JSON.stringify({ ...report, cells })))
    }),
    { numRuns: 30 },
  )
})

test('JSON: logs are left out, or stored once each however many attempts have them', () => {
  const report = smallReport()
  const plain = JSON.parse(renderJson(report)) as ReportFile
  assert.equal(plain.logs, undefined)
  assert.ok(
    plain.cells.every(({ attempts }) => attempts.every(({ console, output }) => console === undefined && output === undefined)),
  )
  const { logs = [], cells } = JSON.parse(renderJson(report, { logs: true })) as ReportFile
  const used = cells.flatMap(({ attempts }) => attempts.flatMap(({ console, output }) => [console, output]))
  assert.deepEqual(
    [...new Set(used)].toSorted((a, b) => Number(a) - Number(b)),
    [...logs.keys()],
  )
  assert.ok(logs.length < used.length / 2, `${logs.length} logs for ${used.length} references`)
})

test('JSON: the order in which keys were made does not show', () => {
  const report = smallReport()
  const turned = (_key: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toReversed())
      : value
  assert.equal(renderJson(JSON.parse(JSON.stringify(report), turned)), renderJson(report))
  assert.match(renderJson(report), /^\{\n"schema": "kwitness\.report\/2",\n"run": /)
})

const STATUSES: Readonly<Record<Verdict, string>> = {
  carries: 'pass',
  lacks: 'fail',
  inconclusive: 'skip',
  'not-applicable': 'skip',
  error: 'error',
  'no-result': 'error',
}

test('property: KTAP reads back as the verdicts, with no test forged or lost', () => {
  fc.assert(
    fc.property(guestText, (text) => {
      const report = spokenBy(text)
      const { documents, problems } = readTests(renderKtap(report))
      assert.deepEqual(problems, [])
      assert.equal(documents.length, 1)
      assert.deepEqual(documents[0]?.problems, [])
      const points = documents[0]?.points ?? []
      assert.deepEqual(
        points.map(({ name }) => name),
        report.kernels.map(({ id }) => id),
      )
      const read = points.flatMap((point) => point.children.map((child) => `${point.name}/${child.name} ${child.status}`))
      assert.deepEqual(
        read,
        report.cells.map((each) => `${each.kernel}/${each.case} ${STATUSES[each.verdict]}`),
      )
    }),
    { numRuns: 60 },
  )
})

test('property: a terminal gets no control character and no line from a guest', () => {
  const lines = renderTerminal(smallReport(), TERMINAL).split('\n').length
  fc.assert(
    fc.property(guestText, (text) => {
      const rendered = renderTerminal(spokenBy(text), TERMINAL)
      assert.doesNotMatch(rendered, /[^\P{Cc}\n]/u)
      assert.equal(rendered.split('\n').length, lines)
    }),
    { numRuns: 30 },
  )
})

test('property: a page holds the words of a guest only escaped, as data that reads back', () => {
  const scripts = (html: string) => html.split(/<\/?script/i).length
  const wanted = scripts(renderHtml(smallReport(), assets))
  fc.assert(
    fc.property(guestText, (text) => {
      const html = renderHtml(spokenBy(`${text}<kw-guest>`), assets)
      assert.ok(!html.includes('<kw-guest'))
      assert.equal(scripts(html), wanted)
      const packed = /<script type="text\/plain" id="evidence">(.*?)<\/script>/s.exec(html)?.[1] ?? ''
      const data = inflateRawSync(Buffer.from(packed, 'base64')).toString()
      assert.ok((JSON.parse(data) as { nodes: unknown[] }).nodes.includes(JSON.parse(JSON.stringify(`${text}<kw-guest>`))))
    }),
    { numRuns: 30 },
  )
})

test('HTML: words of cases and kernels are escaped where they stand as markup', () => {
  const report = smallReport()
  const evil = '"><kw-evil onclick="x">'
  const [first, ...rest] = report.kernels
  assert.ok(first)
  const html = renderHtml(
    {
      ...report,
      run: { ...report.run, id: evil, seed: evil, host: { ...report.run.host, kernel: evil } },
      kernels: [{ ...first, series: evil, version: evil, id: evil }, ...rest],
      cases: report.cases.map((theCase) => ({ ...theCase, title: evil, subsystem: evil })),
      cells: report.cells.map((cell) => ({
        ...cell,
        kernel: cell.kernel === first.id ? evil : cell.kernel,
        verdict: 'lacks',
        finding: 'listed-still-affected',
      })),
      boundaries: [
        {
          case: evil,
          series: evil,
          before: evil,
          after: evil,
          from: 'lacks',
          to: 'carries',
          precision: 'untested-between',
          missProbability: null,
          untested: [{ kernel: evil, version: evil, reason: 'not-tested' }],
          bisect: [evil, evil],
          entries: null,
        },
      ],
      timelines: report.timelines.map((history) => ({
        ...history,
        case: evil,
        series: evil,
        intervals: [{ verdict: 'lacks', first: evil, last: evil, tested: 1, untested: 1 }],
      })),
    },
    assets,
  )
  assert.ok(!html.includes('<kw-evil'))
})

test('HTML: one file that loads nothing, under a policy that knows its own style and script', () => {
  const html = renderHtml(smallReport(), assets)
  assert.doesNotMatch(html, /<(?:link|script|img|iframe)[^>]+(?:src|href)="(?!data:)/i)
  assert.doesNotMatch(html.replace(/<script type="module">.*<\/script>/s, ''), /@import|url\(/i)
  assert.doesNotMatch(assets.js, /\b(?:fetch|import|XMLHttpRequest|EventSource|WebSocket)\b\s*\(/)
  assert.match(html, /Content-Security-Policy" content="default-src &#x27;none&#x27;; script-src &#x27;sha256-/)
  assert.throws(() => renderHtml(smallReport(), { ...assets, js: '"</script>"' }), { name: 'InvariantError' })
})

test('every renderer of the registry renders a report without cells', () => {
  const empty = { ...smallReport(), kernels: [kernel('6.1.1')], cases: [], cells: [], boundaries: [] }
  for (const [name, { render, extension }] of Object.entries(RENDERERS)) {
    const rendered = render(empty, { assets, terminal: TERMINAL })
    assert.ok(rendered.endsWith('\n'), name)
    assert.match(extension, /^[a-z]+$/)
  }
})

test('a pair the run had no cell for is left blank, not counted', () => {
  const report = smallReport()
  const cells = report.cells.slice(1)
  assert.match(renderHtml({ ...report, cells }, assets), /<td class="unplanned"><\/td>/)
  assert.match(renderKtap({ ...report, cells }), /# Subtest: debian-5\.10\.218-1-cloud-amd64\n {2}1\.\.5\n/)
})
