/** What the page's filter finds, held against a plain reading of its words, one cell after the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadPageScripts, type MatrixData, type QueryNode } from './page-scripts.ts'

const { parseQuery, pick, matchesTerm } = loadPageScripts()

const SERIES = ['5.10.y', '6.1.y', '6.12.y']
const CASES = ['uffd-copy', 'uffd-move', 'gup-fork', 'ksm-merge', 'thp-split']
const VERDICTS = ['carries', 'lacks', 'inconclusive', 'not-applicable', 'unplanned']
const answers = VERDICTS.flatMap((verdict) =>
  ['listed', 'not-listed'].map((claim) => ({
    verdict,
    claim,
    finding: claim === 'listed' && verdict === 'lacks' ? 'listed-still-affected' : 'agrees',
    change: verdict === 'inconclusive' ? 'flaky' : 'same',
  })),
)

const matrices = fc
  .array(fc.record({ series: fc.constantFrom(...SERIES), known: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .chain((kernels) =>
    fc.record({
      kernels: fc.constant(kernels),
      answerOf: fc.array(fc.array(fc.nat(answers.length - 1), { minLength: CASES.length, maxLength: CASES.length }), {
        minLength: kernels.length,
        maxLength: kernels.length,
      }),
    }),
  )
  .map(({ kernels, answerOf }): MatrixData => ({
    rows: kernels.map(({ series, known }, row) => {
      const version = series.replace('y', String(row))
      return { id: `Debian-${version}`, version, series, branch: `${series} cloud`, words: `debian-${version}`, known }
    }),
    columns: CASES.map((id) => ({ id, words: `${id} mm: a title of ${id}` })),
    answers,
    answerOf: answerOf.map((row) => Uint16Array.from(row)),
  }))

const words = fc.constantFrom(
  ...`series:6.1 series:5.10,6.12 -series:6.* since:6.1.3 kernel:*6.1* case:uffd* -case:*fork fix:title verdict:lacks
    -verdict:carries,n/a claim:listed finding:agrees is:changed -is:changed uffd -uffd debian-6.12 -debian-6.1 nowhere
    carries:uffd-copy -carries:uffd-* carries:nobody OR ( ) -(`.split(/\s+/),
)
const queries = fc.array(words, { maxLength: 8 }).map((list) => list.join(' '))

/** Whether one cell matches a node. */
function matches(node: QueryNode, matrix: MatrixData, row: number, column: number): boolean {
  if ('any' in node) return node.any.some((part) => matches(part, matrix, row, column))
  if ('all' in node) return node.all.every((part) => matches(part, matrix, row, column))
  if ('not' in node) return !matches(node.not, matrix, row, column)
  const [kernel, fix] = [matrix.rows[row]!, matrix.columns[column]!]
  const answerAt = (at: number) => answers[matrix.answerOf[row]![at]!]!
  const plain = { ...node, negated: false }
  if (node.key === null) return (matchesTerm(plain, kernel.words) || matchesTerm(plain, fix.words)) !== node.negated
  if (node.key === 'carries') {
    const named = matrix.columns.flatMap(({ id }, at) => (matchesTerm(plain, id) ? [at] : []))
    const isGood = (at: number) => ['carries', 'not-applicable'].includes(answerAt(at).verdict)
    return (named.length > 0 && named.every(isGood)) !== node.negated
  }
  const texts: Readonly<Record<string, string>> = {
    series: kernel.series,
    kernel: kernel.words,
    since: kernel.version,
    case: fix.id,
    fix: fix.words,
    ...answerAt(column),
  }
  return matchesTerm(node, texts[node.key] ?? '')
}

test('property: the filter finds the cells that a plain reading of its words finds', () => {
  fc.assert(
    fc.property(matrices, queries, (matrix, text) => {
      const { tree, newest, problems } = parseQuery(text)
      const found = pick(matrix, { tree, newest, problems })
      const expected = matrix.rows.map((_, row) =>
        CASES.map((__, column) => {
          const isPlanned = answers[matrix.answerOf[row]![column]!]!.verdict !== 'unplanned'
          return tree === null || (isPlanned && matches(tree, matrix, row, column))
        }),
      )
      assert.deepEqual(
        found.cells.map((row) => [...row].map((flag) => flag === 1)),
        expected,
      )
      assert.deepEqual(
        found.rows,
        expected.map((row) => row.includes(true)),
      )
      assert.deepEqual(
        found.columns,
        CASES.map((_, column) => expected.some((row) => row[column])),
      )
      const shown = expected.flatMap((row, at) =>
        row.flatMap((isShown, column) => (isShown ? [matrix.answerOf[at]![column]!] : [])),
      )
      const counted = shown.map((answer) => answers[answer]!.verdict).filter((verdict) => verdict !== 'unplanned')
      assert.equal(found.count, counted.length)
      for (const verdict of VERDICTS.slice(0, -1)) {
        assert.equal(found.counts[verdict], counted.filter((one) => one === verdict).length, verdict)
      }
    }),
    { numRuns: 300 },
  )
})

test('of what matches, the newest of each branch that is not a control kernel', () => {
  const kernel = (version: string, known = false) => {
    const series = version.replace(/\d+$/, 'y')
    return { id: version, version, series, branch: `${series} cloud`, words: version, known }
  }
  const matrix: MatrixData = {
    rows: [kernel('6.1.1'), kernel('6.1.2'), kernel('6.1.3', true), kernel('6.12.1'), kernel('6.12.2')],
    columns: [{ id: 'a', words: 'a' }],
    answers,
    answerOf: [0, 0, 0, 0, 2].map((answer) => Uint16Array.of(answer)),
  }
  assert.deepEqual(pick(matrix, parseQuery('is:newest verdict:carries')).rows, [false, true, false, true, false])
})
