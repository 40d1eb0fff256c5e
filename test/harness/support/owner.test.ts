import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { livingOwner, ownToken } from '#harness/support/owner.ts'

test('this process lives', () => {
  assert.equal(livingOwner(ownToken()), process.pid)
})

test('nobody owns what has no owner', () => {
  assert.equal(livingOwner(null), null)
})

test('a later process with the same id, and one of an earlier boot, are somebody else', () => {
  const [boot = '', pid = '', start = ''] = ownToken().split(' ')
  assert.equal(livingOwner(`${boot} ${pid} ${Number(start) + 1}`), null)
  assert.equal(livingOwner(`00000000-0000-0000-0000-000000000000 ${pid} ${start}`), null)
})

test('a word that cannot be read names nobody', () => {
  for (const token of ['', 'x', '1 2', '../.. 1 2']) assert.equal(livingOwner(token), null)
})

test('a process lives until it has ended, even while nobody has asked how it ended', async () => {
  // The shell starts a child, says its id, and becomes a program that never asks for it: the child ends as a zombie.
  const script = 'sleep 100 & echo $!; exec sleep 100'
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(chunk.toString())
  const stat = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  const token = [ownToken().split(' ')[0], pid, stat()[19]].join(' ')
  assert.equal(livingOwner(token), pid)
  process.kill(pid, 'SIGKILL')
  while (stat()[0] !== 'Z') await new Promise(setImmediate)
  assert.equal(livingOwner(token), null)
  parent.kill('SIGKILL')
  await once(parent, 'close')
})
