/** The state of a bisection: found again after a kill, and refused while another process owns it. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { beginState, readStates, resumeState } from '#run/bisect/state.ts'
import { ended, step } from '#test/helpers/reports/bisections.ts'
import { beginOwner, endSpeaker } from '#test/helpers/owners.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const AT = '2026-01-31T00:00:00.000Z'
const { request } = ended()

async function place(t: TestContext) {
  const folder = await temporaryFolder(t)
  return { cache: join(folder, 'cache'), state: join(folder, 'state') }
}

test('a saved state is resumed, the newest unfinished one when none is named', async (t) => {
  const workspace = await place(t)
  const [first, second] = [await beginState(request, AT, workspace), await beginState(request, AT, workspace)]
  assert.deepEqual([first.state().id, second.state().id], ['2026-01-31-1', '2026-01-31-2'])
  await first.save({ steps: [step('1')], runs: { 'between 1': '2026-01-31-7' } })
  await second.save({ finished: true, owner: null })
  const again = await resumeState(true, workspace)
  assert.equal(again.state().id, first.state().id)
  assert.deepEqual(again.state().steps, [step('1')])
  assert.deepEqual(again.state().runs, { 'between 1': '2026-01-31-7' })
  assert.equal((await resumeState('2026-01-31-2', workspace)).state().finished, true)
})

test('several that begin at once have names of their own', async (t) => {
  const workspace = await place(t)
  const all = await Promise.all([1, 2, 3, 4].map(() => beginState(request, AT, workspace)))
  assert.equal(new Set(all.map((stateFile) => stateFile.state().id)).size, 4)
  assert.equal((await readStates(workspace)).length, 4)
})

test('one that a living process is at is refused; one of a process that is gone is not', async (t) => {
  const workspace = await place(t)
  const stateFile = await beginState(request, AT, workspace)
  const file = join(stateFile.folder, 'state.json')
  const { child, word } = await beginOwner(workspace.state)
  await stateFile.save({ owner: word })
  await assert.rejects(resumeState(true, workspace), new RegExp(`process ${child.pid}`))
  await endSpeaker(child)
  assert.equal((await resumeState(true, workspace)).state().id, stateFile.state().id)
  // Torn in the middle of a save: what was there before still is.
  await writeFile(`${file}.tmp`, '{"schema": "kwit')
  assert.equal((await readStates(workspace)).length, 1)
})

test('where there is none, that is said', async (t) => {
  const workspace = await place(t)
  await assert.rejects(resumeState(true, workspace), /no unfinished bisection/)
  await assert.rejects(resumeState('2026-01-31-9', workspace), /no bisection 2026-01-31-9/)
})

test('a damaged state is passed over, and told where it is the one that is named', async (t) => {
  const workspace = await place(t)
  const [first, second] = [await beginState(request, AT, workspace), await beginState(request, AT, workspace)]
  for (const damaged of ['{"schema": "kwit', 'null', '{"schema":"kwitness.bisect-state/1"}']) {
    await writeFile(join(second.folder, 'state.json'), damaged)
    assert.equal((await resumeState(true, workspace)).state().id, first.state().id)
    await assert.rejects(resumeState(second.state().id, workspace), { name: 'InfraError', message: /state\.json is damaged/ })
  }
})
