/** When a line names the place of the tree, wherever that is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNamesPlace } from '#lint/words.ts'

test('a line names the place of the tree, or only a path that contains it', () => {
  const NAMED: readonly (readonly [root: string, line: string, isNamed: boolean])[] = [
    ['/home/me/kwitness', 'cd /home/me/kwitness', true],
    ['/home/me/kwitness', "const root = '/home/me/kwitness/src'", true],
    ['/home/me/kwitness', 'cd /home/me/kwitness-2', false],
    ['/home/me/kw+', 'cd /home/me/kw+', true],
    ['/home/me/kw+', 'cd /home/me/kww', false],
    ['/kwitness', 'VOLUME /var/lib/kwitness', false],
    ['/kwitness', 'in ~/kwitness', false],
    ['/kwitness', 'cd /kwitness;', true],
    ['/root/kwitness', "const CLONE = '/root/kwitness'", false],
    ['/usr/src/kwitness', 'WORKDIR /usr/src/kwitness', false],
  ]
  for (const [root, line, isNamed] of NAMED) assert.equal(createNamesPlace(root)(line), isNamed, `${root}: ${line}`)
})
