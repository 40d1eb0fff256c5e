import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verificationOf } from '#analysis/verify/report.ts'
import { renderVerify, renderVerifyJson, renderVerifyMarkdown } from '#render/verify/text.ts'
import { renderVerifyHtml, VERIFY_ASSETS } from '#render/verify/html.ts'
import { renderVerifyB4, testedBy } from '#render/verify/trailers.ts'
import { HUNK, planOf, reportOf } from '#test/helpers/reports/verifications.ts'
import { readAssets } from '#test/helpers/templates.ts'

const TESTER = 'Jane Doe <jane@example.org>'
const PLAIN_TERMINAL = { width: 100, colour: false, ascii: true }
const FIXES = verificationOf(planOf(), reportOf({ fix: ['lacks', 'carries'], other: ['lacks', 'lacks'] }))
const COMMIT = { hash: 'a'.repeat(40), subject: 'mm: prepare | it' }
const UNFIT = verificationOf(
  planOf({ word: 'with-conflicts', hunks: [{ ...HUNK, state: 'rejected', prerequisites: [COMMIT] }] }),
  null,
)

test('the terminal shows what was found, line by line, and the line to sign with', () => {
  assert.equal(
    renderVerify(FIXES, TESTER, PLAIN_TERMINAL),
    `kwitness verify: mm: the fix
run 2026-01-31-1
tcg guests, QEMU 7.2, host 6.12

linux 5.10: Fixes
  applies: cleanly
  builds: yes, no new warning in the files it touches
  kernel reports: none new
    case   before  after
    fix    lacks   carries  fixed      the fix
    other  lacks   lacks    unchanged

linux 5.10: fixes fix and changes no other verdict.

Tested-by: Jane Doe <jane@example.org> # 5.10.262, qemu-x86_64, 4 runs, fix: lacks -> carries
`,
  )
})

test('a patch that does not apply names its hunks and their prerequisites, and gets no Tested-by', () => {
  const text = renderVerify(UNFIT, TESTER, PLAIN_TERMINAL)
  assert.match(text, /mm\/x\.c hunk 1, line 10 \(f\(void\)\): rejected/)
  assert.match(text, /prerequisites: commits that touch [^\n]* mm\/x\.c hunk 1 [^\n]*\n +aaaaaaaaaaaa \("mm: prepare \| it"\)/)
  assert.match(text, /No Tested-by line: on no base/)
  assert.ok(!text.includes('Tested-by:'))
})

test('a race is signed for with the miss probability', () => {
  const report = reportOf({ fix: ['lacks', 'carries'] })
  const cells = report.cells.map((cell) => ({ ...cell, missProbability: cell.verdict === 'carries' ? 1e-6 : null }))
  const [line] = testedBy(verificationOf(planOf(), { ...report, cells }), TESTER)
  assert.match(line ?? '', /2 runs, fix: lacks -> carries, miss probability 0.0001 %$/)
})

test('b4 gets a list of checks with its own words', () => {
  const url = 'https://example.org/r'
  const checks = (verification: typeof FIXES): Record<string, string>[] => JSON.parse(renderVerifyB4(verification, url))
  const [good] = checks(FIXES)
  assert.deepEqual(Object.keys(good ?? {}), ['tool', 'status', 'summary', 'url', 'details'])
  assert.deepEqual([good?.['tool'], good?.['status'], good?.['url']], ['kwitness', 'pass', url])
  assert.match(good?.['details'] ?? '', /^fix: lacks, carries, fixed, the fix$/m)
  assert.equal(checks(UNFIT)[0]?.['status'], 'fail')
  assert.equal(checks(verificationOf(planOf({ word: 'already-applied' }), null))[0]?.['status'], 'warn')
})

test('Markdown has a table of bases and one of cases, and words of others as themselves', () => {
  const text = renderVerifyMarkdown(FIXES, TESTER)
  assert.match(text, /^\| base \| version \| answer \|\n\|---\|---\|---\|\n\| linux 5\.10 \| 5\.10\.262 \| fixes fix/m)
  assert.match(text, /^\| fix \| lacks \| carries \| fixed \| the fix \|$/m)
  assert.match(renderVerifyMarkdown(UNFIT, TESTER), /mm: prepare \\\| it/)
})

test('the page needs nothing else and takes no markup of others', async () => {
  const assets = await readAssets(VERIFY_ASSETS)
  const evil = planOf({ buildError: '<script>alert(1)</script>' })
  const page = renderVerifyHtml(verificationOf(evil, null), TESTER, assets)
  assert.ok(page.includes('&lt;script&gt;alert(1)') && !page.includes('<script'))
  assert.match(page, /Content-Security-Policy" content="default-src &#x27;none&#x27;; script-src &#x27;sha256-/)
  const row = /<th scope="row">fix<\/th><td class="tone bad">.*✘.* lacks<\/td><td class="tone good">/
  assert.match(renderVerifyHtml(FIXES, TESTER, assets), row)
  assert.throws(() => renderVerifyHtml(FIXES, TESTER, { ...assets, css: '</style>' }), { name: 'InvariantError' })
})

test('JSON is the whole verification', () => {
  assert.deepEqual(JSON.parse(renderVerifyJson(UNFIT)), JSON.parse(JSON.stringify(UNFIT)))
})
