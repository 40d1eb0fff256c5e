/** Which stored attempt is replayed, and the refusal of artifacts that have changed. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fetchKernel, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import type { Job } from '#domain/job.ts'
import type { Cell } from '#plan/cells.ts'
import { chooseAttempt } from '#run/replay/replay.ts'
import { findArtifacts } from '#run/replay/artifacts.ts'
import { buildReproducer } from '#run/prepare/reproducers.ts'
import { openStore } from '#store/index.ts'
import { fakeVmlinux } from '#test/helpers/kernel-images.ts'
import { attemptIn, kernel, newRun, temporaryFolder } from '#test/helpers/evidence.ts'
import { exited, sampleEvidence, theCase } from '#test/helpers/judging.ts'

const cell: Cell = {
  kernel,
  case: { ...theCase, id: 'uffd-fork-event' },
  profile: { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] },
}
const end = '# kwitness: end of tests\n'
const output = (result: string): Buffer => Buffer.from(`KTAP version 1\n1..1\n${result} 1 sample\n${end}`)

/** A run whose attempts of the cell said these results. */
async function stored(t: TestContext, ...results: readonly string[]) {
  const [state, logs] = [await temporaryFolder(t), await temporaryFolder(t)]
  const store = await openStore(state)
  t.after(() => store.close())
  const { id: run } = await store.createRun(newRun)
  for (const [index, result] of results.entries()) {
    const evidence = await attemptIn(logs, { attempt: index + 1, output: output(result) })
    await store.recordAttempt(run, { ...evidence, ending: exited({ code: result === 'ok' ? 0 : 1 }) }, logs)
  }
  return { state, store, run }
}

test('the first attempt that reproduced is replayed, else the last, or the one that is named', async (t) => {
  const { store, run } = await stored(t, 'ok', 'not ok', 'not ok', 'ok')
  const chosen = async (ordinal?: number) => {
    const { record, judged, output: bytes } = await chooseAttempt(store, run, cell, ordinal)
    return [record.evidence.job.attempt, judged.judgement.outcome, Buffer.from(bytes)]
  }
  assert.deepEqual(await chosen(), [2, 'reproduced', output('not ok')])
  assert.deepEqual(await chosen(4), [4, 'not-reproduced', output('ok')])
  const clean = await stored(t, 'ok', 'ok')
  assert.equal((await chooseAttempt(clean.store, clean.run, cell)).record.evidence.job.attempt, 2)
})

test('an attempt that was never made is refused, and so is one whose logs are damaged', async (t) => {
  const { store, run, state } = await stored(t, 'not ok', 'ok')
  const name = `${kernel.id}/uffd-fork-event`
  const message = `run ${run} has no attempt 3 of ${name}`
  await assert.rejects(chooseAttempt(store, run, cell, 3), { name: 'UserError', message, hint: 'there are: 1, 2' })
  const other = { ...cell, case: theCase }
  await assert.rejects(chooseAttempt(store, run, other), { message: `run ${run} has no attempt of ${kernel.id}/${theCase.id}` })

  const { id } = (await chooseAttempt(store, run, cell, 1)).record
  await writeFile(join(state, 'evidence', run, id, 'output.log'), output('ok'))
  const damaged = { name: 'UserError', message: `the logs of attempt 1 of ${name} are damaged` }
  await assert.rejects(chooseAttempt(store, run, cell, 1), damaged)
  assert.equal((await chooseAttempt(store, run, cell)).record.evidence.job.attempt, 2)
})

/** A cell with a reproducer and an available kernel, and the job of an attempt of it. */
async function askable(t: TestContext) {
  const folder = await temporaryFolder(t)
  const context: KernelContext = { workspace: { cache: join(folder, 'cache'), state: join(folder, 'state') } }
  const image = join(folder, 'vmlinux')
  await writeFile(image, fakeVmlinux('6.1.170 (gcc) #1'))
  const [fileKernel] = await selectKernels([`file:${image}`], context)
  assert.ok(fileKernel)
  const cases = join(folder, 'case')
  await mkdir(cases)
  await writeFile(join(cases, 'repro.c'), 'int main(void)\n{\n\treturn 0;\n}\n')
  const own: Cell = { ...cell, kernel: fileKernel, case: { ...cell.case, folder: cases } }
  const { sha256 } = await fetchKernel(fileKernel, context)
  const program = await buildReproducer(context.workspace.cache, own.case)
  const evidenceOf = (job: Partial<Job> = {}, kernelSha256 = sha256) => {
    const evidence = sampleEvidence()
    const whole = { ...evidence.job, kernel: fileKernel.id, program: program.sha256, externalModules: [], ...job }
    return { ...evidence, job: whole, kernel: { ...evidence.kernel, sha256: kernelSha256 } }
  }
  return { context, own, program, evidenceOf, sha256 }
}

test('kernel, program and missing modules are those of then', async (t) => {
  const { context, own, program, evidenceOf, sha256 } = await askable(t)
  const missing = { name: 'pin_pages', missing: 'no headers are listed for it' }
  const parts = await findArtifacts(evidenceOf({ externalModules: [missing] }), own, context)
  assert.equal(parts.image.sha256, sha256)
  assert.deepEqual([parts.program, parts.externalModules], [program, [missing]])
})

test('another kernel image, program or module is refused, with what to do', async (t) => {
  const { context, own, evidenceOf } = await askable(t)
  const hint = new RegExp(`run it again: kwitness run --kernels ${own.kernel.id} --cases uffd-fork-event$`)
  const refused = (message: RegExp) => ({ name: 'UserError', message, hint })
  const other = 'ab'.repeat(32)
  const image = evidenceOf({}, other)
  await assert.rejects(findArtifacts(image, own, context), refused(/has changed: it is [0-9a-f]{12}, and was abababababab$/))
  const program = evidenceOf({ program: other })
  await assert.rejects(findArtifacts(program, own, context), refused(/has changed since, and the cache no longer has/))
  const module = evidenceOf({ externalModules: [{ name: 'pin_pages', sha256: other }] })
  await assert.rejects(
    findArtifacts(module, own, context),
    refused(/the module pin_pages of uffd-fork-event is no longer available/),
  )
})
