/** What a run may have from earlier ones: by a store, and a kernel and programs that no guest ever runs. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findCachedKernel, selectKernels } from '#harness/kernels/index.ts'
import { END_MARKER } from '#console/ktap/reader.ts'
import type { Case } from '#domain/case.ts'
import type { Evidence } from '#domain/evidence.ts'
import { cellsOf, seedOf } from '#plan/cells.ts'
import type { Plan, PlanCommon } from '#plan/plan.ts'
import { RERUN_CHANGED } from '#plan/reuse.ts'
import { createRun, reportOf, startRun } from '#run/lifecycle.ts'
import type { GuestInputs } from '#run/context/context.ts'
import { createIdentify } from '#run/reuse/identify.ts'
import { planReuse, type ReuseRequest } from '#run/reuse/reuse.ts'
import { openStore } from '#store/index.ts'
import { attemptIn, host, temporaryFolder } from '#test/helpers/evidence.ts'
import { exited, race, sampleCase } from '#test/helpers/judging.ts'
import { fakeBzImage, fakeVmlinux, packPayload } from '#test/helpers/kernel-images.ts'
import { planCommon } from '#test/plan/plans.ts'

const ONE = sampleCase('one')
const TWO = sampleCase('two')
const RACE: Case = { ...race, id: 'race' }

const OUTPUT = {
  hit: `KTAP version 1\n1..1\nnot ok 1 event\n${END_MARKER}\n`,
  not: `KTAP version 1\n1..1\nok 1 event\n${END_MARKER}\n`,
  skip: `KTAP version 1\n1..1\nok 1 event # SKIP not here\n${END_MARKER}\n`,
  trials: `KTAP version 1\n1..1\nok 1 event\n# kwitness: trials=50 hits=0\n${END_MARKER}\n`,
  hits: `KTAP version 1\n1..1\nnot ok 1 event\n# kwitness: trials=50 hits=1\n${END_MARKER}\n`,
}

interface Attempt {
  readonly of?: Case
  readonly attempt?: number
  readonly output?: keyof typeof OUTPUT
  readonly ending?: Evidence['ending']
  readonly origin?: Evidence['guest']['origin']
  readonly startedAt?: string
}

/** A store, one kernel given as a file, and three cases; `made` stores an attempt as a run that starts no guest. */
async function given(t: TestContext, kind: 'matrix' | 'controls' = 'matrix') {
  const [cache, state, logs] = [await temporaryFolder(t), await temporaryFolder(t), await temporaryFolder(t)]
  const image = join(logs, 'bzImage')
  await writeFile(image, fakeBzImage('6.1.170 (x)', await packPayload(fakeVmlinux('6.1.170 (x)'), 'gzip')))
  const context = { workspace: { cache, state } }
  const kernels = await selectKernels([`file:${image}`], context)
  const common: PlanCommon = { ...planCommon, kernels, cases: [ONE, TWO, RACE] }
  const plan: Plan = kind === 'matrix' ? { ...common, kind } : { ...common, kind, controls: [] }
  const programs = (of: string): GuestInputs['programs'] =>
    new Map([ONE, TWO, RACE].map(({ id }) => [id, { path: '/nowhere', sha256: of.repeat(32) }]))
  const inputs: GuestInputs = {
    host: { ...host, cpuModel: 'a CPU', cpuFeatures: 'ab'.repeat(32), tscKhz: 2_000_000 },
    initramfs: { path: '/nowhere/initramfs', sha256: 'cd'.repeat(32) },
    programs: programs('ab'),
  }
  const store = await openStore(state)
  t.after(() => store.close())
  const [kernel] = kernels
  assert.ok(kernel)

  const record = async (run: string, { of = ONE, attempt = 1, output = 'not', ...more }: Attempt): Promise<void> => {
    const cell = cellsOf(plan).find((one) => one.case.id === of.id)
    assert.ok(cell)
    const files = await findCachedKernel(kernel, context)
    const found = files && (await createIdentify(plan, inputs, context)(cell, files))
    assert.ok(found)
    const evidence = await attemptIn(logs, { kernel: kernel.id, case: of.id, attempt, output: Buffer.from(OUTPUT[output]) })
    const { job, guest } = evidence
    await store.recordAttempt(
      run,
      {
        ...evidence,
        identity: found.identity,
        job: { ...job, profile: cell.profile, seed: seedOf(plan, cell, attempt) },
        guest: { ...guest, origin: more.origin ?? guest.origin },
        host: { ...evidence.host, load: 0 },
        ending: more.ending ?? exited({ code: output.startsWith('hit') ? 1 : 0 }),
        startedAt: more.startedAt ?? evidence.startedAt,
      },
      logs,
    )
  }
  const start = async (): Promise<string> => (await createRun(store, plan, inputs)).record.id
  const finish = (run: string) => store.finishRun(run, '2026-11-21T12:00:00.000Z')
  /** A finished run of these attempts. */
  const made = async (...attempts: Attempt[]): Promise<string> => {
    const run = await start()
    for (const one of attempts) await record(run, one)
    await finish(run)
    return run
  }
  const request: ReuseRequest = { plan, inputs, store, kernels: context, rerun: RERUN_CHANGED, seedIsGiven: false }
  /** What would be reused, as `RUN/CASE.ATTEMPT`. */
  const reused = async (changes: Partial<ReuseRequest> = {}): Promise<string[]> => {
    const { attempts } = await planReuse({ ...request, ...changes })
    return attempts.map(({ run, evidence: { job } }) => `${run}/${job.case}.${job.attempt}`)
  }
  return { state, context, plan, inputs, store, made, start, record, finish, reused, request, programs }
}

test('an answer is reused by each later run, from the run that made it; what has none runs', async (t) => {
  const { made, reused, request } = await given(t)
  assert.deepEqual(await planReuse(request), { attempts: [], reused: 0, fresh: 3, newest: null })
  const run = await made({ of: ONE }, { of: TWO, output: 'hit', startedAt: '2026-11-21T10:30:00.000Z' })
  assert.deepEqual(await reused(), [`${run}/one.1`, `${run}/two.1`])
  const { newest, ...counts } = await planReuse(request)
  assert.deepEqual([counts.reused, counts.fresh, newest], [2, 1, '2026-11-21T10:30:00.000Z'])
})

test('a run that is still under way gives its answers, too', async (t) => {
  const { start, record, reused } = await given(t)
  const run = await start()
  await record(run, { of: ONE })
  assert.deepEqual(await reused(), [`${run}/one.1`])
})

test('the newest answer is reused, behind attempts without one', async (t) => {
  const { made, reused } = await given(t)
  await made({ of: ONE, startedAt: '2026-11-20T10:00:00.000Z' })
  const lost = { kind: 'infra', message: 'lost' } as const
  const run = await made({ of: ONE, ending: lost }, { of: ONE, attempt: 2 })
  await made({ of: ONE, ending: lost, startedAt: '2026-11-22T10:00:00.000Z' })
  assert.deepEqual(await reused(), [`${run}/one.2`])
})

test('an error, a crash and a lost guest are never reused', async (t) => {
  const { made, reused } = await given(t)
  await made(
    { of: ONE, ending: { kind: 'guest-stopped', reason: 'guest-reset' } },
    { of: ONE, attempt: 2, ending: { kind: 'no-boot', reason: 'silent' } },
    { of: TWO, ending: { kind: 'exited', exit: { code: 99, signal: null, timedOut: true, seconds: 1 } } },
  )
  assert.deepEqual(await reused(), [])
})

test('a skip is an answer', async (t) => {
  const { made, reused } = await given(t)
  const run = await made({ of: ONE, output: 'skip' })
  assert.deepEqual(await reused(), [`${run}/one.1`])
})

test('what two attempts contradict is not reused until three agree', async (t) => {
  const { made, reused } = await given(t)
  const at = (day: number) => ({ startedAt: `2026-11-${day}T10:00:00.000Z` })
  await made({ of: ONE, ...at(10) })
  await made({ of: ONE, output: 'hit', ...at(11) })
  assert.deepEqual(await reused(), [])
  await made({ of: ONE, output: 'hit', ...at(12) })
  assert.deepEqual(await reused(), [])
  const run = await made({ of: ONE, output: 'hit', ...at(13) })
  assert.deepEqual(await reused(), [`${run}/one.1`])
})

test('another program, agent, QEMU, seed or kind of guest that was asked for is not what was tried', async (t) => {
  const { made, reused, request, inputs, plan, programs } = await given(t)
  const run = await made({ of: ONE, origin: 'forked' }, { of: TWO, origin: 'booted' })
  const both = [`${run}/one.1`, `${run}/two.1`]
  assert.deepEqual(await reused(), both)
  const { initramfs, host: own } = inputs
  assert.deepEqual(await reused({ inputs: { ...inputs, programs: programs('cd') } }), [])
  assert.deepEqual(await reused({ inputs: { ...inputs, initramfs: { ...initramfs, sha256: '01'.repeat(32) } } }), [])
  assert.deepEqual(await reused({ inputs: { ...inputs, host: { ...own, qemu: '9.0' } } }), [])
  assert.deepEqual(await reused({ inputs: { ...inputs, host: { ...own, kernel: '6.2' } } }), both, 'a deterministic case')
  assert.deepEqual(await reused({ plan: { ...plan, noFork: true } }), [`${run}/two.1`])
  assert.deepEqual(await reused({ plan: { ...plan, noSnapshot: true } }), [`${run}/two.1`])
  assert.deepEqual(await reused({ seedIsGiven: true }), both)
  assert.deepEqual(await reused({ plan: { ...plan, seed: '2' } }), both)
  assert.deepEqual(await reused({ plan: { ...plan, seed: '2' }, seedIsGiven: true }), [])
  assert.deepEqual(await reused({ rerun: { ...request.rerun, all: true } }), [])
})

test('a race is reused as a whole, from a run that is finished, under the same conditions', async (t) => {
  const { start, record, finish, reused, plan, inputs } = await given(t)
  const run = await start()
  await record(run, { of: RACE, output: 'trials' })
  await record(run, { of: RACE, output: 'trials', attempt: 2 })
  assert.deepEqual(await reused(), [], 'its run may go on')
  await finish(run)
  assert.deepEqual(await reused(), [`${run}/race.1`, `${run}/race.2`])
  assert.deepEqual(await reused({ plan: { ...plan, raceSeconds: 60 } }), [])
  assert.deepEqual(await reused({ plan: { ...plan, maxMissProbability: 0.1 } }), [])
  assert.deepEqual(await reused({ inputs: { ...inputs, host: { ...inputs.host, kernel: '6.2' } } }), [], 'another host')
  assert.deepEqual(await reused({ rerun: { ...RERUN_CHANGED, inconclusive: true } }), [])
})

test('a race that was seen once is not reused from a run that did not see it', async (t) => {
  const { made, reused } = await given(t)
  await made({ of: RACE, output: 'hits', startedAt: '2026-11-20T10:00:00.000Z' })
  const [hit] = await reused()
  assert.match(hit ?? '', /race\.1$/)
  await made({ of: RACE, output: 'trials' })
  assert.deepEqual(await reused(), [])
})

test('a run that measures reuses nothing', async (t) => {
  const { made, reused } = await given(t, 'controls')
  await made({ of: ONE })
  assert.deepEqual(await reused(), [])
})

test('a new run begins with what it reuses, is complete with it, and its report says where it is from', async (t) => {
  const { made, state, context, plan, inputs } = await given(t)
  const first = await made({ of: ONE, output: 'hit' }, { of: TWO }, { of: RACE, output: 'trials' })
  const reusing = { kernels: context, rerun: RERUN_CHANGED, seedIsGiven: false }
  const run = await startRun(state, plan, inputs, reusing)
  t.after(() => run.store.close())
  assert.deepEqual([run.reuse?.reused, run.reuse?.fresh], [3, 0])
  const { report, problems } = await reportOf(run)
  assert.deepEqual(problems, [])
  const at = '2026-11-21T10:00:01.000Z'
  assert.deepEqual(
    report.cells.map((cell) => [cell.case, cell.verdict, cell.reused]),
    [
      ['one', 'lacks', { run: first, at }],
      ['race', 'inconclusive', { run: first, at }],
      ['two', 'carries', { run: first, at }],
    ],
  )
  assert.equal(report.run.complete, true, 'a reused race is not tried again')
})
