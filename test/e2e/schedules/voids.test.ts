/** Trials that prove nothing, provoked in guests, and kernels with half a fix: none of them ends in `carries`. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { scheduledGuests, type ScheduledGuest } from '#bench/support/scheduled-guest.ts'
import { bindSchedule, readImage } from '#harness/schedule/bind.ts'
import { applyPatches, findIncrements } from '#harness/schedule/disable.ts'
import { driveSchedule, type DriveContext, type Driven } from '#harness/schedule/drive.ts'
import { findCheck } from '#harness/schedule/second-cut.ts'
import { FIRST, type Session } from '#harness/schedule/session.ts'
import { fetchKernel, listKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { Case } from '#domain/case.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import type { Schedule } from '#domain/race/schedule.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { judgeSchedule, type ScheduleVerdict } from '#verdict/schedule/judge.ts'
import { standingOfSchedule } from '#verdict/schedule/standing.ts'
import { fetchKernels } from '#test/helpers/cli.ts'

const context = { workspace: findWorkspace() }
const ENOUGH = 'enough was seen'
/** `xor %eax,%eax; ret`, in the place in which ftrace calls. */
const RETURN_AT_ONCE = Buffer.from('31c0c39090', 'hex')

let scratch: string
let kernel: ListedKernel
let theCase: Case
let schedule: Schedule
let start: () => Promise<ScheduledGuest>

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'kwitness-schedule-'))
  const { v61 } = await fetchKernels()
  const [listed] = await listKernels(context, { selector: v61 })
  const [found] = selectCases(await readCatalogue(CATALOGUE), ['gup-fast-vs-fork'])
  assert.ok(listed && found?.schedule)
  ;[kernel, theCase, schedule] = [listed, found, found.schedule]
  start = await scheduledGuests(kernel, theCase, context, scratch)
})
after(() => rm(scratch, { recursive: true, force: true }))

type BeforeTrial = NonNullable<DriveContext['beforeTrial']>

interface Told extends ScheduleVerdict {
  readonly driven: Driven
}

/** All trials, disturbed by `beforeTrial`, which gets the number of the trial: 0 before the path is measured. */
async function drive(
  beforeTrial: (number: number, ...about: Parameters<BeforeTrial>) => ReturnType<BeforeTrial>,
  {
    guests = start,
    boundaries,
    isExhaustive,
  }: { readonly guests?: typeof start } & Pick<DriveContext, 'boundaries' | 'isExhaustive'> = {},
): Promise<Told> {
  const { qemu, image, block } = await guests()
  let number = 0
  try {
    const driven = await driveSchedule(qemu, block, {
      schedule,
      image,
      limitSeconds: 300,
      boundaries,
      isExhaustive,
      beforeTrial: async (session, debugged) => beforeTrial(number++, session, debugged),
    })
    return { driven, ...judgeSchedule(standingOfSchedule(driven.record), 'the bug') }
  } finally {
    await qemu.kill()
  }
}

const after3 = (number: number): string | undefined => (number > 3 ? ENOUGH : undefined)

test('a path that moved is void, and says where the actor left it', async () => {
  const { verdict, summary, driven } = await drive(async (number, { stub, symbols }) => {
    const enter = symbols.address(schedule.window.symbol[0] ?? '')
    assert.ok(enter !== null)
    if (number === 2) stub.write(FIRST, enter, RETURN_AT_ONCE)
    return number > 4 ? ENOUGH : undefined
  })
  assert.equal(verdict, 'inconclusive', summary)
  const moved = driven.record.kernel.find(({ end }) => end === 'void')
  assert.match(moved?.why ?? '', /left its path: it came to the end without instruction \d+/)
})

test('a stop in an interrupt is tried again, and void where it is one each time', async () => {
  // Wherever the first actor is stopped on its way, its stack is deeper than on its path, as in an interrupt.
  const { verdict, driven } = await drive(async (number, session) => {
    if (number === 1) deepen(session)
    return number > 2 ? ENOUGH : undefined
  })
  assert.equal(verdict, 'inconclusive')
  const disturbed = driven.record.kernel.find(({ end }) => end === 'void')
  assert.match(disturbed?.why ?? '', /an interrupt came to instruction \d+ of the path of the first actor before it did/)
})

function deepen({ stub, symbols }: Session): void {
  const registers = stub.registers.bind(stub)
  const enter = symbols.address(schedule.window.symbol[0] ?? '') ?? 0n
  Object.assign(stub, {
    registers: async (vcpu: 0 | 1) => {
      const all = await registers(vcpu)
      // Behind the trap at the entry, by whose stack all others are told.
      const isOnPath = all.rip > enter + 4n && all.rip < symbols.end(enter)
      return isOnPath ? { ...all, rsp: all.rsp - 0x100n } : all
    },
  })
}

test('a second actor that needs the first one, which stands still, is void', async () => {
  const folder = join(import.meta.dirname, 'ipi')
  const guests = await scheduledGuests(
    kernel,
    { ...theCase, folder, needs: { ...theCase.needs, externalModules: [] } },
    context,
    scratch,
  )
  const { verdict, summary, driven } = await drive(async (number) => (number > 1 ? ENOUGH : undefined), { guests })
  assert.equal(verdict, 'inconclusive', summary)
  const [waiting] = driven.record.kernel
  assert.equal(waiting?.end, 'void')
  assert.match(waiting.why, /second actor neither ends nor waits for a lock of the first one: it is at smp_call_function/)
  // Both went on afterwards: the guest is not lost.
  assert.equal(driven.lost, null)
})

test('a QEMU that is gone ends the trials with what was seen so far', async () => {
  const { verdict, summary, driven } = await drive(
    async (number, _session, { pid }) => {
      if (number === 3 && pid !== null) process.kill(pid, 'SIGKILL')
      return after3(number)
    },
    { isExhaustive: true },
  )
  assert.equal(verdict, 'inconclusive')
  assert.match(summary, /the debugger of QEMU is gone/)
  assert.match(driven.lost ?? '', /the debugger of QEMU is gone/)
  assert.deepEqual(
    driven.record.kernel.map(({ from, to }) => [from, to]),
    [[0, 1]],
  )
})

test('half a fix is no fix: the count without its writer, and the count without its check', async (t) => {
  const facts = await readImage(await fetchKernel(kernel, context))
  const bound = typeof facts === 'string' ? facts : bindSchedule(schedule, facts)
  if (typeof facts === 'string' || typeof bound === 'string') return assert.fail(String(facts))
  const { symbols, offsetOf } = facts
  const rangeOf = (name: string): readonly [bigint, number] => {
    const at = symbols.address(name) ?? 0n
    return [at, Number(symbols.end(at) - at)]
  }
  let window = { from: 0, to: 0 }
  await t.test('without its check it takes two', async () => {
    const { verdict, summary, driven } = await drive(
      async (number, session) => {
        if (number > 0) return undefined
        const name = schedule.secondCut?.functions.find((one) => symbols.address(one) !== null) ?? ''
        const patch = await findCheck(session, { bound, image: facts }, { start: symbols.address(name) ?? 0n })
        if (typeof patch === 'string') return assert.fail(patch)
        await applyPatches(session, [patch], true)
        return undefined
      },
      { boundaries: [0, 0] },
    )
    assert.equal(verdict, 'lacks', summary)
    const { disabled } = driven.record
    const hit = disabled.problem === null ? disabled.runs.find((run) => run.hit) : undefined
    assert.ok(hit, JSON.stringify(disabled))
    window = { from: hit.from, to: hit.to }
    assert.deepEqual(
      driven.record.kernel.filter((run) => run.hit),
      [],
    )
    assert.match(summary, /second actor stopped at its instructions \d+ to \d+ and the first one at boundary/)
  })
  await t.test('without its writer one preemption shows the bug', async () => {
    const { verdict, driven } = await drive(
      async (number, session) => {
        if (number > 0) return undefined
        const [at, bytes] = rangeOf('copy_page_range')
        const code = await session.stub.read(FIRST, at, bytes)
        const patches = code ? findIncrements(code, at, offsetOf?.(schedule.disable?.member ?? '') ?? null) : []
        assert.equal(patches.length, 2)
        await applyPatches(session, patches, true)
        return undefined
      },
      { boundaries: [Math.max(0, window.from - 2), window.to + 2] },
    )
    assert.equal(verdict, 'lacks')
    const hits = driven.record.kernel.filter((run) => run.hit)
    assert.deepEqual(
      hits.map(({ from, to }) => ({ from, to })),
      [window],
    )
  })
})
