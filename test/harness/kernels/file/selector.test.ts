/** Selectors of kernel files: a path may hold any character, and the whole text is tried as a path first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseFileSelector, type FileSelector } from '#harness/kernels/file/selector.ts'
import { UserError } from '#domain/errors.ts'

test('a path may hold any character, and options are found behind it', () => {
  const rows: readonly [part: string, there: readonly string[], FileSelector][] = [
    ['/boot/bzImage', ['/boot/bzImage'], { image: '/boot/bzImage', config: null, modules: null }],
    ['/a,b/bzImage', ['/a,b/bzImage'], { image: '/a,b/bzImage', config: null, modules: null }],
    ['/ws@2/k,modules=/m@1', ['/ws@2/k', '/m@1'], { image: '/ws@2/k', config: null, modules: '/m@1' }],
    ['/a b:c=d/k,config=/x,y', ['/a b:c=d/k', '/x,y'], { image: '/a b:c=d/k', config: '/x,y', modules: null }],
    ['/k,modules=/m,config=/c', ['/k', '/m', '/c'], { image: '/k', config: '/c', modules: '/m' }],
    // The same text as one path, as two, and as three.
    ['/k,modules=/m,config=/c', ['/k', '/m,config=/c'], { image: '/k', config: null, modules: '/m,config=/c' }],
    ['/k,modules=/m,config=/c', ['/k', '/c', '/m', '/k,modules=/m'], { image: '/k,modules=/m', config: '/c', modules: null }],
    ['/k,config=/c', ['/k', '/c', '/k,config=/c'], { image: '/k,config=/c', config: null, modules: null }],
    // Nothing is there: the plainest reading, for the error that follows.
    ['/k,config=/c', [], { image: '/k', config: '/c', modules: null }],
    ['/k,,config=/c', ['/k,', '/c'], { image: '/k,', config: '/c', modules: null }],
  ]
  for (const [part, there, selector] of rows) {
    const read = parseFileSelector(part, (path) => there.includes(path))
    assert.deepEqual(read, selector, `${part} with ${there.join(' ')}`)
  }
})

test('what is neither a path nor an option is refused, with what to write', () => {
  const exists = (path: string) => ['/k', '/m', '/c'].includes(path)
  for (const [part, message] of [
    ['/k,initrd=x', '"initrd=x" is neither config=PATH nor modules=PATH'],
    ['/k,modules=/m,initrd=x', '"initrd=x" is neither config=PATH nor modules=PATH'],
    ['/k,debian:6.1.*', '"debian:6.1.*" is neither config=PATH nor modules=PATH'],
    ['/k,config=/c,config=/m', 'gives an option twice'],
    [',config=/c', 'does not name an image'],
    ['/k,config=', 'config= names nothing'],
    ['', 'does not name an image'],
  ] as const) {
    assert.throws(
      () => parseFileSelector(part, exists),
      (error: Error) => error instanceof UserError && error.message.includes(message) && error.hint !== undefined,
      part,
    )
  }
})

test('any text behind file: parses or throws UserError', () => {
  const near = fc.array(fc.constantFrom(',', 'config', 'modules', '=', '/a'), { maxLength: 40 }).map((list) => list.join(''))
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), fc.func(fc.boolean()), (part, exists) => {
      try {
        assert.notEqual(parseFileSelector(part, exists).image, '')
      } catch (error) {
        if (!(error instanceof UserError)) throw error
      }
    }),
  )
})
