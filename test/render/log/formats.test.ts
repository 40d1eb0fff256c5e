/** Every format of a read log: all of it in each, and nothing of a hostile log acts in one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogReport } from '#domain/report/log.ts'
import { createLogReader } from '#console/log/reader.ts'
import { readTests } from '#console/ktap/reader.ts'
import { LOG_RENDERERS } from '#render/log/index.ts'

const LOG = [
  '[    0.000000] Linux version 6.12.30 (me@box) (gcc) #1 SMP',
  'KTAP version 1',
  '1..4',
  '  KTAP version 1',
  '  # Subtest: birds',
  '  1..2',
  '  ok 1 wren',
  '  # <script>alert(1)</script> ]]> & "it"',
  '  not ok 2 robin | <b> # broke',
  'not ok 1 birds',
  'ok 2 stork # SKIP no nest',
  'not ok 3 crane # TIMEOUT 45 s',
  '[    1.000000] BUG: KASAN: slab-use-after-free in gull_open+0x1/0x2',
  '** 3 printk messages dropped **',
]

function reportOf(lines: readonly string[]): LogReport {
  const reader = createLogReader()
  reader.push(Buffer.from(`${lines.join('\n')}\n`))
  return { schema: 'kwitness.log.1', files: [{ source: 'a <log>.txt', compression: 'none', ...reader.finish() }] }
}

const report = reportOf(LOG)

test('each format has every failure, the report and the loss', () => {
  for (const [name, render] of Object.entries(LOG_RENDERERS)) {
    const text = render(report)
    for (const word of ['robin', 'crane', 'slab-use-after-free in gull', '3'])
      assert.ok(text.replaceAll('\\', '').includes(word), `${name} lacks ${word}`)
  }
})

test('the terminal shows a tree with counts', () => {
  assert.match(
    LOG_RENDERERS.text(report),
    /^a <log>\.txt: 5 results: 1 pass, 1 fail, 1 timeout, 1 not-reported, 1 skip; 1 kernel report/,
  )
})

test('KTAP reads back as it was, under a document for the file', () => {
  const { documents, problems } = readTests(LOG_RENDERERS.ktap(report))
  assert.deepEqual(problems, [])
  const [file] = documents[0]!.points
  assert.equal(file?.status, 'fail')
  assert.deepEqual(
    file?.children.map(({ status }) => status),
    ['fail', 'skip', 'timeout', 'error', 'fail'],
  )
  assert.deepEqual(
    file?.children[0]?.children.map(({ name, status }) => `${name} ${status}`),
    ['wren pass', 'robin | <b> fail'],
  )
})

test('JUnit counts what it lists, and no text acts as markup', () => {
  const xml = LOG_RENDERERS.junit(report)
  assert.match(xml, /<testsuite name="a &lt;log&gt;\.txt" tests="6" failures="2" errors="2" skipped="1">/)
  assert.equal(xml.match(/<testcase /g)?.length, 6)
  assert.doesNotMatch(xml, /<script>|<b>|]]>/)
})

test('a bar in a name does not make a cell of a Markdown table', () => {
  assert.match(LOG_RENDERERS.markdown(report), /\| fail \| birds \/ robin \\\| \\<b\\> \| broke \| 9 \|/)
})
