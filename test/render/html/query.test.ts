/** The words of the page's filter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPageScripts, type QueryNode } from './page-scripts.ts'

const { parseQuery, matchesTerm, compareVersions, withMark, withWord } = loadPageScripts()

const MATCHES: readonly (readonly [query: string, text: string, matches: boolean])[] = [
  ['series:6.1', '6.1.y', true],
  ['series:6.1', '6.12.y', false],
  ['series:6.1', '6.16.y', false],
  ['series:6.1.y', '6.1.y', true],
  ['series:6.*', '6.12.y', true],
  ['series:6.*', '5.6.y', false],
  ['series:5.10,6.1', '6.1.y', true],
  ['case:uffd*', 'uffd-copy-vs-fork', true],
  ['case:uffd*', 'gup-fast-vs-fork', false],
  ['case:*fork', 'gup-fast-vs-fork', true],
  ['case:fork', 'gup-fast-vs-fork', true],
  ['-case:uffd*', 'uffd-copy-vs-fork', false],
  ['-case:uffd*', 'gup-fast-vs-fork', true],
  ['kernel:cloud', 'debian-6.1.170-1-cloud-amd64', true],
  ['kernel:6.1.170*', 'debian-6.1.170-1-cloud-amd64', false],
  ['kernel:*6.1.170*', 'debian-6.1.170-1-cloud-amd64', true],
  ['verdict:lacks', 'lacks', true],
  ['verdict:lacks,error', 'error', true],
  ['verdict:la', 'lacks', true],
  ['verdict:n/a', 'not-applicable', true],
  ['VERDICT:Lacks', 'lacks', true],
  ['finding:listed', 'listed-still-affected', true],
  ['fix:57efa1', 'mm/gup 57efa1fe5957694fa541c9062de0a127f0b9acb0', true],
  ['cve:2025', 'cve-2025-21696', true],
  ['fork', 'debian-6.1', false],
  ['case:a.c', 'abc', false],
  ['since:6.1', '6.1.170', true],
  ['since:6.1.176', '6.1.170', false],
  ['since:6.1.176', '6.12.5', true],
  ['-since:6.12', '6.1.200', true],
  ['since:7.3', '7.3~rc7', false],
  ['since:7.3-rc7', '7.3~rc7', true],
  ['change:regressed', 'regressed', true],
  ['is:changed', 'fixed', true],
  ['is:changed', 'same', false],
  ['-is:changed', 'same', true],
]

for (const [query, text, matches] of MATCHES) {
  test(`${query} ${matches ? 'finds' : 'leaves out'} ${text}`, () => {
    const { terms, problems } = parseQuery(query)
    assert.deepEqual([terms.length, problems.length], [1, 0])
    assert.equal(
      terms.every((term) => matchesTerm(term, text)),
      matches,
    )
  })
}

/** The query as it was understood: terms by what they find, alternatives and negations by their words. */
function understood(node: QueryNode | null): string {
  if (node === null) return ''
  if ('any' in node) return `(${node.any.map(understood).join(' or ')})`
  if ('all' in node) return `(${node.all.map(understood).join(' and ')})`
  if ('not' in node) return `not ${understood(node.not)}`
  return `${node.negated ? 'not ' : ''}${node.key ?? 'word'}`
}

const TREES: readonly (readonly [query: string, tree: string, problems: readonly string[]])[] = [
  ['', '', []],
  ['series:6.1', 'series', []],
  ['series:6.1 verdict:lacks', '(series and verdict)', []],
  ['series:6.1 OR series:6.12', '(series or series)', []],
  ['series:6.1 or verdict:lacks -case:a', '(series or (verdict and not case))', []],
  ['series:6.1 | fork', '(series or word)', []],
  ['(series:6.1 OR fork) verdict:lacks', '((series or word) and verdict)', []],
  ['-(series:6.1 verdict:lacks)', 'not (series and verdict)', []],
  ['-(series:6.1 OR (fork cve:1)) a', '(not (series or (word and cve)) and word)', []],
  ['OR OR series:6.1 OR', 'series', []],
  ['()', '', []],
  ['-( )', '', []],
  ['(series:6.1', 'series', ['a “(” without its “)”']],
  ['series:6.1) fork', '(series and word)', ['a “)” without its “(”']],
  ['((fork', 'word', ['a “(” without its “)”', 'a “(” without its “)”']],
  ['since:soon', '', ['“soon” is not a version']],
  ['is:old', '', ['unknown state “is:old”']],
  ['-is:newest', '', ['“is:newest” cannot be negated']],
]

for (const [query, tree, problems] of TREES) {
  test(`${query || 'nothing'} is understood as ${tree || 'nothing'}`, () => {
    const parsed = parseQuery(query)
    assert.deepEqual([understood(parsed.tree), parsed.problems], [tree, problems])
  })
}

test('unfinished words narrow nothing, unknown ones are told', () => {
  const nothing = { tree: null, terms: [], newest: false }
  assert.deepEqual(parseQuery('verdict: - , '), { ...nothing, problems: [] })
  assert.deepEqual(parseQuery('verdikt:lacks'), { ...nothing, problems: ['unknown key “verdikt:”'] })
  assert.deepEqual(parseQuery('constructor:x'), { ...nothing, problems: ['unknown key “constructor:”'] })
})

test('is:newest narrows what all other terms have chosen', () => {
  const { tree, newest } = parseQuery('series:6.1 OR is:newest')
  assert.deepEqual([understood(tree), newest], ['series', true])
})

test('versions compare by their numbers, candidates before releases', () => {
  const versions = ['5.10', '5.10.9', '5.10.218', '6.1', '6.1.0.1', '6.12', '7.3~rc2', '7.3~rc10', '7.3', '7.3.1']
  for (const [index, version] of versions.entries()) {
    assert.equal(compareVersions(version, version), 0)
    for (const newer of versions.slice(index + 1)) {
      assert.ok(compareVersions(version, newer) < 0, `${version} < ${newer}`)
      assert.ok(compareVersions(newer, version) > 0, `${newer} > ${version}`)
    }
  }
})

test('marks and words go into a query and out of it again, and leave the rest', () => {
  assert.equal(withMark('', 'a'), 'carries:a')
  assert.equal(withMark('carries:a', 'b'), 'carries:a,b')
  assert.equal(withMark('series:6.1 carries:a,b verdict:lacks', 'a'), 'carries:b series:6.1  verdict:lacks')
  assert.equal(withMark('carries:a fork', 'a'), 'fork')
  assert.equal(withMark('carries:uffd*', 'a'), 'carries:a carries:uffd*')
  assert.equal(withWord('fork', 'is:newest'), 'fork is:newest')
  assert.equal(withWord('is:newest fork', 'is:newest'), 'fork')
})
