/** c-tests/include/core/hang_watch.h on this host: it reports a child that hangs in its call, not one busy before. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { buildProgram } from '#harness/image/program.ts'
import { runProgram } from './run-program.ts'

const cache = await mkdtemp(join(tmpdir(), 'kwitness-hang-watch-'))
after(() => rm(cache, { recursive: true, force: true }))
const includes = [inRepository('c-tests', 'include')]
const program = buildProgram(cache, [join(import.meta.dirname, 'hang_watch.c')], includes)

async function watch(what: string): Promise<{ readonly exitCode: number; readonly hangs: boolean; readonly text: string }> {
  const { exitCode, text } = await runProgram((await program).path, [what])
  return { exitCode, hangs: text.includes('does not return'), text }
}

test('a test that spends long in the kernel before its call is not reported as hung', async () => {
  const { exitCode, hangs, text } = await watch('slow')
  assert.deepEqual([exitCode, hangs], [0, false], text)
})

for (const what of ['spins', 'sleeps']) {
  test(`a call that ${what} until it is released is reported as hung, and returns then`, async () => {
    const { exitCode, hangs, text } = await watch(what)
    assert.deepEqual([exitCode, hangs], [0, true], text)
  })
}

test('a test that is killed in its call is not reported as hung, and is broken', async () => {
  const { exitCode, hangs, text } = await watch('dies')
  assert.deepEqual([exitCode, hangs], [99, false], text)
})
