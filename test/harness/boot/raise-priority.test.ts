/** A process with its own session gets priority over the others, where the host allows it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { raisePriority } from '#harness/boot/raise-priority.ts'

const autogroupOf = (pid: number | undefined): string => {
  try {
    return readFileSync(`/proc/${pid}/autogroup`, 'utf8').trim()
  } catch {
    return 'this kernel has none'
  }
}

test('raisePriority returns whether it raised the priority', async (t) => {
  const child = spawn('cat', [], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill())
  await once(child, 'spawn')
  const isRaised = await raisePriority(child.pid ?? 0)
  assert.equal(autogroupOf(child.pid).endsWith('nice -20'), isRaised)
})

test('raisePriority returns false for a process that has ended', async () => {
  const child = spawn('true', [], { stdio: 'ignore' })
  await once(child, 'exit')
  assert.equal(await raisePriority(child.pid ?? 0), false)
})
