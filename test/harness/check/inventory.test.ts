/** Names of machines, and files that name them. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseHost, readInventory } from '#harness/check/inventory.ts'

const NAMES: readonly (readonly [text: string, host: string, user?: string | undefined, port?: number])[] = [
  ['db1', 'db1'],
  ['admin@db1', 'db1', 'admin'],
  ['admin@db1:2222', 'db1', 'admin', 2222],
  ['db1.example.org:22', 'db1.example.org', undefined, 22],
  ['ssh://admin@db1:2222/', 'db1', 'admin', 2222],
  ['10.0.0.1', '10.0.0.1'],
  ['::1', '::1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['[::1]:2222', '::1', undefined, 2222],
  ['root@[2001:db8::1]', '2001:db8::1', 'root'],
]

for (const [text, host, user, port] of NAMES) {
  test(`${text} is a machine`, () => assert.deepEqual(parseHost(text), { name: text, address: { host, user, port } }))
}

for (const text of [
  '',
  ' ',
  '-oProxyCommand=x',
  'a@-oProxyCommand=x',
  '-l@db1',
  'db1:0',
  'db1:65536',
  'db1:x',
  'a b',
  'a@b@c',
  '[::1',
  '[-o]',
]) {
  test(`${JSON.stringify(text)} is none`, () => assert.throws(() => parseHost(text), /is not the name of a machine/))
}

async function namesIn(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'inventory-'))
  try {
    await writeFile(join(folder, 'hosts'), text)
    return (await readInventory(join(folder, 'hosts'))).map(({ name }) => name)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a list has a machine on each line, and comments', async () => {
  assert.deepEqual(await namesIn('db1\n\n# all of them\n  admin@db2:22  # the second\r\n'), ['db1', 'admin@db2:22'])
})

test('of a configuration of ssh, hosts that are no patterns count', async () => {
  const text = 'Host db1 db2\n  User admin\nhost=db3\nHost *.example.org !db9 "quoted"\nHost *\nMatch all\n'
  assert.deepEqual(await namesIn(text), ['db1', 'db2', 'db3'])
})

test('a file without a machine, or with what is none, is refused', async () => {
  await assert.rejects(namesIn('# nothing\n'), /names no machine/)
  await assert.rejects(namesIn('db1\n-oProxyCommand=x\n'), /is not the name of a machine/)
  await assert.rejects(readInventory('/nonexistent/hosts'), /cannot be read: ENOENT/)
})
