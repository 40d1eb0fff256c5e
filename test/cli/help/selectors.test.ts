/** `kwitness help selectors`: what it shows as a selector is one, and it fits the terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitMachines } from '#cli/options/machines.ts'
import { selectorsHelp } from '#cli/help/selectors.ts'
import { definitions, textWidth, wrap } from '#cli/help/wrap.ts'
import { parseDebianQuery } from '#harness/kernels/debian/query.ts'
import { parseSelector, splitSelectors } from '#harness/kernels/selector.ts'
import { parseImageSelector } from '#harness/kernels/image/selector.ts'
import { parseTreeSelector } from '#harness/kernels/tree/source/selector.ts'

const sets = { default: { about: 'What a run takes.', selectors: [] }, all: { about: 'Every one.', selectors: [] } }
const text = selectorsHelp(sets, ['kasan', 'lockdep'], 80)

test('it shows the grammar, the config fragments and the named sets', () => {
  for (const line of [
    'debian:VERSIONS[:PICK][/FLAVOUR][@SUITE]',
    'KERNEL-ID',
    '  default  What a run takes.',
    '  all      Every one.',
  ])
    assert.ok(text.split('\n').includes(line), line)
  assert.match(text, /config= {2}.*: kasan, lockdep, or a path/)
})

test('the selectors of its examples can be read', () => {
  const examples = [...text.matchAll(/^ {2}kwitness .*(?:--kernels|kernels list) '?([^'\n]+)'?$/gm)].map(
    ([, words = '']) => words,
  )
  assert.equal(examples.length, 5)
  const { machines, kernels } = splitMachines(examples.flatMap(splitSelectors))
  assert.deepEqual([machines?.running, machines?.hosts.map(({ name }) => name)], [true, ['db1']])
  for (const selector of kernels) {
    const read = parseSelector(selector)
    if (read.kind !== 'provider') continue
    const parsers = { tree: parseTreeSelector, image: parseImageSelector, debian: parseDebianQuery }
    assert.ok(parsers[read.provider as keyof typeof parsers](read.part), selector)
  }
})

test('no line is wider than the terminal, but for grammar and examples that cannot be broken', () => {
  for (const line of selectorsHelp(sets, ['kasan'], 60).split('\n')) {
    if (!/^(?:debian|tree|file):|^ {2}kwitness /.test(line)) assert.ok(line.length <= 60, line)
  }
})

test('text is broken at blanks, and terms stand before what they mean', () => {
  assert.deepEqual(wrap('one two\n  three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('incomprehensible', 4), ['incomprehensible'])
  const rows = [
    ['a', 'the first letter of all'],
    ['bb', ''],
  ] as const
  assert.deepEqual(definitions(rows, 26), ['  a   the first letter of', '      all', '  bb  '])
  assert.deepEqual([textWidth({ columns: 50 }), textWidth({ columns: 200 })], [50, 90])
})
