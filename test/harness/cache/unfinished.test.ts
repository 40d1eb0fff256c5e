/** What killed processes left in the cache goes with the next start; what a living one makes, or nobody knows, stays. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeUnfinished } from '#harness/cache/unfinished.ts'
import { whileInUse } from '#harness/support/cache-use.ts'
import { startProcess } from '#harness/support/process.ts'
import { publishFolder } from '#harness/support/workspace.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

/** Unfinished entries of a process that was killed while it made them. */
async function killedWhileMaking(entries: readonly string[]): Promise<void> {
  const script = `
    import { publishFolder } from '${import.meta.resolve('#harness/support/workspace.ts')}'
    const folders = process.argv.slice(1).map((entry) => publishFolder(entry, async () => {
      console.log(entry)
      await new Promise(() => {})
    }))
    setInterval(() => {}, 1000)
    await Promise.all(folders)`
  const child = startProcess(process.execPath, ['--input-type=module', '--eval', script, ...entries], { stdout: 'pipe' })
  assert.ok(child.stdout)
  let said = ''
  while (said.split('\n').length <= entries.length) said += String((await once(child.stdout, 'data'))[0])
  child.kill('SIGKILL')
  await child
}

test('unfinished entries of a killed process go, unless another process uses the cache', async (t) => {
  const cache = await temporaryFolder(t)
  const workspace = { cache, state: cache }
  const entries = ['kernels/a@0123456789ab', 'modules/a.plain/x', 'trees/source-1', 'compile-not/here'].map((name) =>
    join(cache, name),
  )
  await killedWhileMaking(entries)
  const left = async () => (await readdir(cache, { recursive: true })).filter((name) => /tmp-/.test(name)).toSorted()
  assert.equal((await left()).length, 4)
  await whileInUse(workspace, {}, () => removeUnfinished(workspace))
  assert.equal((await left()).length, 4, 'the process may be one of another PID namespace')
  await removeUnfinished(workspace)
  assert.deepEqual(
    (await left()).map((name) => name.split('.tmp-')[0]),
    ['compile-not/here'],
    'only folders of entries are looked into',
  )
})

test('what this process makes, finished entries and young ones without a process stay', async (t) => {
  const cache = await temporaryFolder(t)
  const workspace = { cache, state: cache }
  await mkdir(join(cache, 'debs'))
  await mkdir(join(cache, 'debs', 'tmp-young'))
  await mkdir(join(cache, 'debs', 'tmp-old'))
  await writeFile(join(cache, 'debs', 'a.deb'), '')
  const before = new Date(Date.now() - 2 * 86_400_000)
  await utimes(join(cache, 'debs', 'tmp-old'), before, before)
  await publishFolder(join(cache, 'kernels', 'one'), async (temporary) => {
    await removeUnfinished(workspace)
    assert.ok(existsSync(temporary))
  })
  assert.deepEqual((await readdir(join(cache, 'debs'))).toSorted(), ['a.deb', 'tmp-young'])
  assert.deepEqual(await readdir(join(cache, 'kernels')), ['one'])
})
