/** The KTAP reader held against generated test runs in every dialect, and against anything else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { END_MARKER, readTests } from '#console/ktap/reader.ts'
import { readLine } from '#console/ktap/line.ts'
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import { consoleLog } from '../arbitraries.ts'
import { DIALECTS, testRun, type Run } from './runs.ts'

/** What a reading must say of a run: names, statuses, diagnostics, nothing else. */
function expected(run: Run): unknown[] {
  return run.map(({ name, status, notes, children }) => ({ name, status, notes, children: expected(children) }))
}

function said(points: readonly TestPoint[]): unknown[] {
  return points.map(({ name, status, diagnostics, children }) => ({ name, status, notes: diagnostics, children: said(children) }))
}

for (const [dialect, print] of Object.entries(DIALECTS)) {
  test(`${dialect}: what was run is what is read`, () => {
    fc.assert(
      fc.property(testRun, (run) => {
        const { documents, problems } = readTests(print(run))
        assert.equal(documents.length, 1)
        assert.deepEqual([said(documents[0]!.points), documents[0]!.problems, problems], [expected(run), [], []])
      }),
    )
  })

  test(`${dialect}: printk prefixes, colours and CR change nothing`, () => {
    fc.assert(
      fc.property(testRun, (run) => {
        const text = print(run)
        const dressed = text.replaceAll(/^(.*)\n/gm, '\x1b[32m<6>[   12.345678][  T123] $1\x1b[0m\r\n')
        assert.deepEqual(readTests(dressed), readTests(text))
      }),
    )
  })

  test(`${dialect}: a stream cut between lines is never whole`, () => {
    fc.assert(
      fc.property(testRun, fc.nat(), (run, at) => {
        const lines = print(run).trimEnd().split('\n')
        const kept = lines.slice(0, at % lines.length)
        const cut = readTests(`${kept.join('\n')}\n`)
        // A last line that is no result (`# Totals`) is no loss.
        const lost = lines.slice(kept.length).some((line) => readLine(line).kind === 'result')
        const problems = [...cut.problems, ...cut.documents.flatMap((document) => document.problems)]
        assert.equal(
          problems.some(({ kind }) => kind === 'missing-result' || kind === 'no-tests'),
          lost,
        )
      }),
    )
  })
}

test('anything is read, the same from bytes and from text', () => {
  fc.assert(
    fc.property(consoleLog, fc.boolean(), (text, endMarker) => {
      assert.deepEqual(readTests(new TextEncoder().encode(text), { endMarker }), readTests(text, { endMarker }))
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void readTests(bytes).documents.length))
})

function* walk(points: readonly TestPoint[]): Generator<TestPoint> {
  for (const point of points) {
    yield point
    yield* walk(point.children)
  }
}

const KINDS = ['ok', 'not ok', '#', '    ok', '  not ok', 'KTAP version 1', '1..3', '# Subtest: s', 'words', 'Bail out!', '']
const plainLine = fc.constantFrom(...KINDS)

test('no result and no word is lost in any order of lines', () => {
  fc.assert(
    fc.property(fc.array(plainLine, { maxLength: 40 }), (kinds) => {
      let count = 0
      const lines = kinds.map((kind, index) => {
        const result = kind.endsWith('ok')
        if (result) count += 1
        return result ? `${kind} ${count} word${index}` : /^(?:#|words)$/.test(kind) ? `${kind} word${index}` : kind
      })
      const stream = readTests(lines.join('\n'))
      const points = stream.documents.flatMap((document) => [...walk(document.points)])
      assert.equal(points.filter((point) => point.status !== 'not-reported').length, count)
      const everything = JSON.stringify(stream)
      lines.forEach((line, index) => {
        if (line.includes('word')) assert.match(everything, new RegExp(`word${index}\\b`))
      })
    }),
  )
})

test('a plan of a billion costs nothing', () => {
  const { documents } = readTests('KTAP version 1\n1..999999999\nok 1 a\n')
  assert.equal(documents[0]?.points.length, 1001)
  assert.match(documents[0]?.problems[0]?.message ?? '', /^999999998 of 999999999 results never came/)
})

test('a flood of diagnostics keeps its ends', () => {
  const notes = Array.from({ length: 100_000 }, (_, index) => `# note ${index}`)
  const { documents } = readTests(['KTAP version 1', '1..1', ...notes, '# kwitness: trials=5 hits=1', 'not ok 1 a'].join('\n'))
  const diagnostics = documents[0]?.points[0]?.diagnostics ?? []
  assert.equal(diagnostics.length, 401)
  assert.equal(diagnostics[0], 'note 0')
  assert.equal(diagnostics[200], '(99601 lines left out here)')
  assert.equal(diagnostics.at(-1), 'kwitness: trials=5 hits=1')
})

test('lines that belong to the document behind them are counted with it', () => {
  const notes = (count: number) => Array.from({ length: count }, (_, index) => `# note ${index}`)
  const between = (...lines: readonly string[]) => readTests(['1..1', 'ok 1 a', ...lines, '1..1', 'ok 1 b'].join('\n'))
  for (const [kept, leftOut, stream] of [
    [400, 600, between(...notes(1000))],
    [700, 300, between(...notes(300), 'KTAP version 1', ...notes(700))],
  ] as const) {
    const text = JSON.stringify(stream)
    assert.deepEqual(text.match(/\(\d+ lines left out here\)/g), [`(${leftOut} lines left out here)`])
    assert.equal(text.match(/"note \d+"/g)?.length, kept)
  }
})

test('nesting without end is told, and ends', () => {
  const { documents } = readTests(`${'# '.repeat(1000)}TAP version 13\n1..1\nok 1 a\n`)
  // The test above them says ok, but the documents inside it never reported anything.
  assert.deepEqual(
    documents[0]?.points.map((point) => point.status),
    ['fail'],
  )
  assert.ok(documents[0]?.problems.some((problem) => problem.message.endsWith('nested deeper than 8 documents')))
})

test('without its end marker a stream is cut, with it not', () => {
  const stream = 'KTAP version 1\n1..1\nok 1 a\n'
  const kinds = (text: string) => readTests(text, { endMarker: true }).problems.map((problem) => problem.kind)
  assert.deepEqual(kinds(stream), ['cut-stream'])
  assert.deepEqual(kinds(`${stream}${END_MARKER}\n`), [])
  assert.deepEqual(readTests(stream).problems, [])
})

test('a flood of results or of documents is counted past what is kept, and its failures are kept', () => {
  const flood = readTests(`KTAP version 1\n1..100003\n${'ok\n'.repeat(100_001)}not ok 100002 b\nok\n`)
  assert.deepEqual(
    flood.problems.map(({ message }) => message),
    ['2 more results are not listed'],
  )
  const [document] = flood.documents
  assert.deepEqual([document?.points.length, document?.points.at(-1)?.status, document?.problems], [100_001, 'fail', []])
  const many = readTests('1..1\nok 1 a\n'.repeat(4100))
  assert.equal(many.documents.length, 4001)
  assert.ok(many.documents.at(-1)?.problems.some(({ message }) => message === 'more documents than are kept apart'))
})

const STATUSES: readonly (readonly [string, TestStatus, string, string])[] = [
  ['ok 1 a', 'pass', 'a', ''],
  ['ok 1 - a', 'pass', 'a', ''],
  ['not ok 1 a - b', 'fail', 'a - b', ''],
  ['ok 1 a # SKIP', 'skip', 'a', ''],
  ['ok 1 a # Skipped: no root', 'skip', 'a', 'no root'],
  ['not ok 1 a # TODO later', 'todo', 'a', 'later'],
  ['not ok 1 a # exit=1', 'fail', 'a', 'exit=1'],
  ['not ok 1 a #TIMEOUT', 'timeout', 'a', ''],
  ['ok 1 a \\# SKIP b', 'pass', 'a # SKIP b', ''],
  ['ok 1 a#SKIP b', 'pass', 'a#SKIP b', ''],
  ['ok 1', 'pass', '', ''],
  ['ok 1 a\u2028b # SKIP no\u2028c', 'skip', 'a\u2028b', 'no\u2028c'],
  ['not ok 1..1 selftests:  old [SKIP]', 'skip', 'selftests: old', ''],
  ['ok 1..1 selftests: old [PASS]', 'pass', 'selftests: old', ''],
  ['ok 1..1 others [PASS]', 'pass', '1..1 others [PASS]', ''],
]

for (const [line, status, name, reason] of STATUSES) {
  test(`${line} is ${status}`, () => {
    const point = readTests(`KTAP version 1\n1..1\n${line}\n`).documents[0]?.points[0]
    assert.deepEqual([point?.status, point?.name, point?.reason], [status, name, reason])
  })
}
