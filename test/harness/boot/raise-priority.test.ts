/** A process with a session of its own goes before the others of the host, where that may be asked for. */
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

test('a process is preferred and this is said, or it is not and that is said', async (t) => {
  const child = spawn('cat', [], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill())
  await once(child, 'spawn')
  const preferred = await raisePriority(child.pid ?? 0)
  assert.equal(autogroupOf(child.pid).endsWith('nice -20'), preferred)
})

test('a process that is gone is not preferred', async () => {
  const child = spawn('true', [], { stdio: 'ignore' })
  await once(child, 'exit')
  assert.equal(await raisePriority(child.pid ?? 0), false)
})
