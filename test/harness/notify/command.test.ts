/** Commands that take notices: each gets all of one, also where the sender is killed as soon as it has started it. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sendToCommand } from '#harness/notify/command.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { beginSpeaker } from '#test/helpers/owners.ts'

/** More than a pipe holds. */
const BYTES = 1 << 20

test('a command gets its input and its environment, and what it answers is told', async () => {
  const ask = (script: string) => sendToCommand(['sh', '-c', script], 'a notice', { KEY: 'k' })
  assert.equal(await ask('[ "$(cat) $KEY" = "a notice k" ]'), null)
  assert.deepEqual(await ask('echo no >&2; exit 1'), { why: 'exit code 1: no', isFinal: false })
  assert.deepEqual(await ask('exit 67'), { why: 'exit code 67', isFinal: true })
  assert.equal((await sendToCommand(['/no/such/command'], 'x', {}))?.isFinal, false)
})

test('a command that outlives its killed sender gets the whole of it', async (t) => {
  const folder = await temporaryFolder(t)
  const [fifo, got] = [join(folder, 'fifo'), join(folder, 'got')]
  // It makes the fifo when it has begun, and reads when the sender is gone.
  const command = `mkfifo ${fifo}; cat ${fifo} > /dev/null; cat > ${got}.part; mv ${got}.part ${got}`
  const script = `const { sendToCommand } = await import(process.argv[1] + '/harness/notify/command.ts')
const { existsSync } = await import('node:fs')
void sendToCommand(['sh', '-c', ${JSON.stringify(command)}], 'x'.repeat(${BYTES}), {})
while (!existsSync(${JSON.stringify(fifo)})) await new Promise(setImmediate)
console.log('begun')
process.stdin.resume()`
  const { child } = await beginSpeaker(script, folder)
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  await writeFile(fifo, 'go')
  for (;;) {
    const text = await readFile(got, 'utf8').catch(() => null)
    if (text === null) await new Promise(setImmediate)
    else return assert.equal(text.length, BYTES)
  }
})
