/** The words of the page's filter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPageScripts } from './page-scripts.ts'

const { parseQuery, matchesTerm } = loadPageScripts()

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
  ['case:(x', '(x', true],
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

test('unfinished words narrow nothing, unknown ones are told', () => {
  assert.deepEqual(parseQuery('verdict: - , '), { terms: [], problems: [] })
  assert.deepEqual(parseQuery('verdikt:lacks'), { terms: [], problems: ['unknown key “verdikt:”'] })
  assert.deepEqual(parseQuery('constructor:x'), { terms: [], problems: ['unknown key “constructor:”'] })
})
