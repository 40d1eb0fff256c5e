import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseSelector, splitSelectors } from '#harness/kernels/selector.ts'
import { readKernelSets } from '#harness/kernels/sets.ts'
import { parseDebianQuery } from '#harness/kernels/debian/query.ts'
import { UserError } from '#domain/errors.ts'
import { anyCharacter } from '#test/helpers/guest-text.ts'

test('a selector is a provider with a part, a kernel id, or the name of a set', () => {
  assert.deepEqual(parseSelector('debian:6.1.*'), { kind: 'provider', provider: 'debian', part: '6.1.*' })
  assert.deepEqual(parseSelector('file:/boot/vmlinuz,config=/boot/config'), {
    kind: 'provider',
    provider: 'file',
    part: '/boot/vmlinuz,config=/boot/config',
  })
  const id = 'debian-6.12.43-1~bpo12+1-cloud-amd64'
  assert.deepEqual(parseSelector(id), { kind: 'kernel', provider: 'debian', id })
  assert.deepEqual(parseSelector('default'), { kind: 'set', name: 'default' })
  assert.deepEqual(parseSelector('debian'), { kind: 'set', name: 'debian' })
})

test('any other text is a UserError', () => {
  for (const text of [
    '',
    ' ',
    'debain:6.1',
    'debian:',
    '6.1.*',
    'debian-../../etc',
    'file-a/b',
    'Default',
    'a b',
    '../default',
  ]) {
    assert.throws(() => parseSelector(text), { name: 'UserError', hint: /debian:6\.1\.\*/ }, text)
  }
})

test('commas separate selectors where no path is meant', () => {
  const rows: readonly [string, readonly string[]][] = [
    ['', []],
    [' , ', []],
    ['default', ['default']],
    ['default,series,,', ['default', 'series']],
    ['debian:6.1.*,debian:6.12.y:newest', ['debian:6.1.*', 'debian:6.12.y:newest']],
    ['debian:>=6.1,<6.2,=6.1.5/amd64,default', ['debian:>=6.1,<6.2,=6.1.5/amd64', 'default']],
    ['debian:>=6.1, <6.2', ['debian:>=6.1, <6.2']],
    [' default, debian:6.1.* ,\tseries\n', ['default', 'debian:6.1.*', 'series']],
    ['default, file:/a b /c ', ['default', 'file:/a b /c ']],
    ['debian-6.1.170-3-cloud-amd64,tree-5.10.1-base-ab', ['debian-6.1.170-3-cloud-amd64', 'tree-5.10.1-base-ab']],
    ['all,tree:/src/linux,patch=a.patch,config=kasan', ['all', 'tree:/src/linux,patch=a.patch,config=kasan']],
    ['file:/boot/a,config=/boot/b,default', ['file:/boot/a,config=/boot/b,default']],
  ]
  for (const [text, selectors] of rows) assert.deepEqual(splitSelectors(text), selectors, text)
})

test('any text parses or throws UserError, and a parsed id is safe as a path', () => {
  const near = fc
    .tuple(fc.constantFrom('debian', 'file', 'tree', 'x'), fc.constantFrom(':', '-', ''), fc.string())
    .map((words) => words.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: anyCharacter }), near), (text) => {
      try {
        const selector = parseSelector(text)
        if (selector.kind === 'kernel') assert.match(selector.id, /^[\w.+~%-]+$/)
        else if (selector.kind === 'provider') assert.equal(`${selector.provider}:${selector.part}`, text)
        else assert.equal(selector.name, text)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

test('every set has selectors that parse and a description', async () => {
  const sets = await readKernelSets()
  assert.ok(sets['default'])
  for (const [name, { about, selectors }] of Object.entries(sets)) {
    assert.deepEqual(parseSelector(name), { kind: 'set', name })
    assert.match(about, /\.$/)
    for (const text of selectors) {
      const selector = parseSelector(text)
      assert.equal(selector.kind, 'provider')
      if (selector.kind === 'provider') parseDebianQuery(selector.part)
    }
  }
})
