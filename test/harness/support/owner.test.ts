import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { livingOwner, ownToken } from '#harness/support/owner.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { beginOwner, beginSpeaker, endSpeaker } from '#test/helpers/owners.ts'

const place = await mkdtemp(join(tmpdir(), 'kwitness-owner-'))
after(() => rm(place, { recursive: true }))

test('this process lives, by one word', () => {
  const word = ownToken(place)
  assert.equal(livingOwner(place, word), process.pid)
  assert.equal(ownToken(place), word)
})

test('nobody owns what has no owner, and a word that cannot be read names nobody', () => {
  const [pid = ''] = ownToken(place).split('-')
  const unread = ['', 'x', '1 2', '../owners', `${pid}-`, `${pid}-../owners`, `${ownToken(place)}/`, `${ownToken(place)}\n`]
  for (const token of [null, ...unread]) assert.equal(livingOwner(place, token), null)
})

test('a process of the same id, and what it owns elsewhere, are somebody else', async () => {
  assert.equal(livingOwner(place, `${process.pid}-${'0'.repeat(12)}`), null)
  const other = await mkdtemp(join(tmpdir(), 'kwitness-owner-'))
  assert.equal(livingOwner(other, ownToken(place)), null)
  await rm(other, { recursive: true })
})

test('a process lives until it is killed, and the next one removes its file', async () => {
  const { child, word } = await beginOwner(place)
  assert.equal(livingOwner(place, word), child.pid)
  await endSpeaker(child)
  assert.equal(livingOwner(place, word), null)
  assert.ok(existsSync(join(place, 'owners', word)))
  const next = await beginOwner(place)
  assert.ok(!existsSync(join(place, 'owners', word)))
  await endSpeaker(next.child)
})

test('a process lives until it has ended, even while nobody has asked how it ended', async () => {
  // The shell starts a child, and becomes a program that never asks for it: the child ends as a zombie.
  const { child, word } = await beginOwner(place, ['sh', '-c', '"$@" <&0 & exec sleep 100', 'sh'])
  const pid = livingOwner(place, word)
  assert.notEqual(pid, null)
  child.stdin?.end()
  const state = () => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]
  // Its first thread is a zombie before its last has ended, and its locks go before it is one.
  while (livingOwner(place, word) !== null || state() !== 'Z') await new Promise(setImmediate)
  assert.equal(livingOwner(place, word), null)
  child.kill('SIGKILL')
  await once(child, 'close')
})

test('a process that ends by itself takes its file away', async () => {
  const { child, word } = await beginSpeaker(
    `console.log((await import(process.argv[1] + '/harness/support/owner.ts')).ownToken(process.argv[2]))`,
    place,
  )
  await once(child, 'close')
  assert.ok(!existsSync(join(place, 'owners', word)))
})

const OTHER_NAMESPACE = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc']
const [command = '', ...words] = OTHER_NAMESPACE
/** In a chroot, in most containers and on hardened hosts the kernel refuses. */
const mayUnshare = spawnSync(command, [...words, 'true']).status === 0
const skip = !mayUnshare && 'this user gets no namespaces'

test('two PID namespaces see each other live, and leave each other their scratch folders', { skip }, async () => {
  const script = `const { openScratch } = await import(process.argv[1] + '/harness/support/scratch.ts')
console.log(await openScratch(process.argv[2]))
process.stdin.on('data', async () => console.log(await openScratch(process.argv[2])))
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'))`
  const { child, word: theirs } = await beginSpeaker(script, place, OTHER_NAMESPACE)
  const ours = await openScratch(place)
  child.stdin?.write('again\n')
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  assert.ok(existsSync(theirs) && existsSync(ours))
  assert.match(theirs, /\/scratch\/1-/, 'its process id is the first of a namespace')
  await endSpeaker(child)
  await openScratch(place)
  assert.ok(!existsSync(theirs) && existsSync(ours))
})

test('a speaker that ends without a word is an error, not a wait', async () => {
  await assert.rejects(beginSpeaker('process.exit(3)', place), /ended with 3 without a word/)
})
