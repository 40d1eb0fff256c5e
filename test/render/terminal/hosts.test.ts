/** The machines of a check on a terminal, and the exit code of a check. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodeOfCheck } from '#cli/output/exit-code.ts'
import { markDifferences } from '#analysis/matrix/neighbours.ts'
import type { CheckedHost } from '#domain/report/host.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import { renderMarkdown } from '#render/exchange/markdown.ts'
import { renderHtml } from '#render/html/html.ts'
import { renderTerminal } from '#render/terminal/report.ts'
import { smallReport } from '#test/helpers/reports.ts'
import { readAssets } from '#test/helpers/templates.ts'

const TERMINAL = { width: 100, colour: false, ascii: false }
const GUESTS = smallReport()
const [cell] = GUESTS.cells

const host = (more: Partial<CheckedHost>): CheckedHost => ({
  host: 'db1',
  kernel: cell?.kernel ?? null,
  outcome: 'checked',
  message: null,
  facts: { os: 'Debian', release: '6.1.0', uid: '1000', limits: 'of processes', 'kernel-log': 'Operation not permitted' },
  left: [],
  seconds: 3,
  nearest: null,
  ...more,
})
const withHosts = (...hosts: readonly CheckedHost[]): Report => ({ ...GUESTS, hosts })

test('a machine is shown with its user, its limits, and what it lets us read', () => {
  const text = renderTerminal(withHosts(host({})), TERMINAL)
  assert.match(
    text,
    /^Machines\n {2}db1: Debian, 6\.1\.0, as uid 1000\n {4}limits of processes; kernel log not read \(Operation not/m,
  )
  assert.doesNotMatch(text, /Without an answer|Left behind/)
  assert.doesNotMatch(renderTerminal(GUESTS, TERMINAL), /^Machines/m)
})

test('machines without an answer and what was left come first, without control characters of theirs', () => {
  const lost = host({ host: 'db2', kernel: null, outcome: 'lost', message: 'gone\x1b[2J\nnow' })
  const dirty = host({ host: 'db3', left: ['a setting\x07'] })
  const text = renderTerminal(withHosts(host({}), lost, dirty), TERMINAL)
  assert.match(text, /^Without an answer: 1 of 3 machines\n {2}db2: lost, gone \[2J now$/m)
  assert.match(text, /^Left behind\n {2}db3: a setting$/m)
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u)
})

test('the page and Markdown name each machine without an answer, with the reason as text', async () => {
  const refused = host({ host: 'db2', kernel: null, outcome: 'not-authenticated', message: 'denied <b>|\x1b[2J' })
  const unsaid = host({ host: 'db3', kernel: null, outcome: 'lost' })
  const report = withHosts(host({}), refused, unsaid)
  const page = renderHtml(report, await readAssets())
  assert.match(page, /<h2>Without an answer <span class="count">2<\/span><\/h2>/)
  assert.ok(page.includes('<li><b>db2</b>: not-authenticated<small>denied &lt;b&gt;| [2J</small></li>'), 'escaped, one line')
  assert.ok(page.includes('<li><b>db3</b>: lost</li>'))
  const markdown = renderMarkdown(report)
  assert.match(markdown, /^### Without an answer$/m)
  assert.ok(markdown.includes('| db2 | not-authenticated | denied \\<b\\>\\| \\[2J |'), markdown)
  assert.ok(markdown.includes('| db3 | lost |  |'))
  for (const text of [renderHtml(withHosts(host({})), await readAssets()), renderMarkdown(GUESTS)]) {
    assert.doesNotMatch(text, /Without an answer/)
  }
})

const neighbour = (verdicts: Readonly<Record<string, Verdict>>, kernel = 'debian-6.1.170-1-amd64') => ({
  kernel,
  version: '6.1.170',
  run: '2026-11-01-1',
  verdicts,
})

test('the column of the nearest Debian kernel stands beside the machine, and marks what differs', async () => {
  assert.ok(cell)
  const cells = GUESTS.cells.filter((one) => one.kernel === cell.kernel)
  const other = cell.verdict === 'lacks' ? 'carries' : 'lacks'
  const same = Object.fromEntries(cells.map((one) => [one.case, one.verdict]))
  const nearest = neighbour({ ...same, [cell.case]: other, 'of-another-catalogue': 'lacks' })
  const report = withHosts(host({ nearest }))
  const text = renderTerminal(report, TERMINAL)
  const count = `${cells.length - 1} of ${cells.length} alike`
  assert.ok(
    text.includes(`db1 beside Debian 6.1.170: ${count}\n  debian-6.1.170-1-amd64 as run 2026-11-01-1 tested it, this`),
    text,
  )
  const rows = text.split('\n').filter((line) => cells.some((one) => line.startsWith(`  ${one.case} `)))
  assert.deepEqual(
    rows.filter((line) => line.endsWith('differs')).map((line) => line.trim().split(/\s+/)[0]),
    [cell.case],
  )
  assert.doesNotMatch(text, /of-another-catalogue/)
  const page = renderHtml(report, await readAssets())
  assert.match(page, /<h2>db1 beside Debian 6\.1\.170 <span class="count">1 of \d+ differ<\/span><\/h2>/)
  assert.equal(page.match(/<tr class="differs">/g)?.length, 1)
  assert.ok(page.includes('<p>debian-6.1.170-1-amd64 as run <code>2026-11-01-1</code> tested it; the machine has '), page)
})

test('the JSON of a report says in which cases a machine differs from its neighbour', () => {
  assert.ok(cell)
  const other = cell.verdict === 'lacks' ? 'carries' : 'lacks'
  const alone = host({ host: 'db2', kernel: null, outcome: 'lost' })
  const report = { ...GUESTS, hosts: [host({ nearest: neighbour({ [cell.case]: other }) }), alone] }
  const [marked, unmarked] = markDifferences(report)
  assert.deepEqual([marked?.nearest?.differs, unmarked], [[cell.case], alone])
  const [same] = markDifferences({ ...report, hosts: [host({ nearest: neighbour({ [cell.case]: cell.verdict }) })] })
  assert.deepEqual(same?.nearest?.differs, [])
})

test('a neighbour of the same build is said so, and many machines show only what differs', async () => {
  assert.ok(cell)
  const { build } = GUESTS.kernels.find(({ id }) => id === cell.kernel) ?? { build: '' }
  const cells = GUESTS.cells.filter((one) => one.kernel === cell.kernel)
  const nearest = neighbour(Object.fromEntries(cells.map((one) => [one.case, one.verdict])), `debian-${build}-amd64`)
  const one = host({ nearest })
  const text = renderTerminal(withHosts(one), TERMINAL)
  assert.match(text, /as run 2026-11-01-1 tested it, the same build/)
  assert.doesNotMatch(text, /differs/)
  const many = renderTerminal(withHosts(one, { ...one, host: 'db2' }, { ...one, host: 'db3' }), TERMINAL)
  assert.match(many, /^db3 beside Debian 6\.1\.170: (\d+) of \1 alike$/m)
  assert.equal(many.split('\n').filter((line) => line.startsWith(`  ${cell.case}  `)).length, 0)
  const page = renderHtml(withHosts(one), await readAssets())
  assert.ok(page.includes('tested it: the same build.'))
  assert.doesNotMatch(renderHtml(withHosts(host({})), await readAssets()), /beside Debian/)
})

test('a machine without an answer, or with something left, exits 3, a finding 1', () => {
  const judged = { cells: [{ verdict: 'carries', finding: 'agrees' }], caseContradictions: [] } as const
  const bad = { cells: [{ verdict: 'error', finding: 'agrees' }], caseContradictions: [] } as const
  assert.equal(exitCodeOfCheck({ ...judged, hosts: [host({})] }, []), 0)
  assert.equal(exitCodeOfCheck({ ...judged, hosts: [host({}), host({ outcome: 'penalised' })] }, []), 3)
  assert.equal(exitCodeOfCheck({ ...judged, hosts: [host({ left: ['x'] })] }, []), 3)
  assert.equal(exitCodeOfCheck({ ...bad, hosts: [host({ outcome: 'lost' })] }, []), 1)
  assert.equal(exitCodeOfCheck({ ...judged, cells: [], hosts: [host({ outcome: 'lost' })] }, []), 3)
  assert.equal(exitCodeOfCheck({ ...judged, hosts: [host({})] }, ['carries']), 1)
})
