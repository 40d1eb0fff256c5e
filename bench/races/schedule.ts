/** How long a race takes that a debugger decides: one trial, and a whole verdict, beside the same trials by single steps. */
import type { Schedule } from '#domain/race/schedule.ts'
import { runIntoWindow, runSecond, walkTo, type BoundSchedule, type Entry } from '#harness/schedule/actors.ts'
import { bindSchedule, readImage } from '#harness/schedule/bind.ts'
import { driveSchedule } from '#harness/schedule/drive.ts'
import { GdbClient } from '#harness/schedule/client.ts'
import { startDebugger } from '#harness/boot/qemu/process.ts'
import type { Point } from '#harness/schedule/path/path.ts'
import { attach, beginTrial, endTrial, FIRST, stepOne, VoidTrial, type Session } from '#harness/schedule/session.ts'
import { openStub } from '#harness/schedule/stub.ts'
import { measurePath } from '#harness/schedule/trials.ts'
import { judgeSchedule } from '#verdict/schedule/judge.ts'
import { standingOfSchedule } from '#verdict/schedule/standing.ts'
import { median, type Row } from '../support/figures.ts'
import { scheduledCase, scheduledGuests, type ScheduledGuest } from '../support/scheduled-guest.ts'
import { openPlace, printRows, readOptions } from '../support/setup.ts'

const DEFAULT_CASE = 'gup-fast-vs-fork'
const HELP = `node bench/races/schedule.ts [--kernels SELECTOR...] [--case CASE] [--trials N] [--json]

Decides CASE (default: ${DEFAULT_CASE}) by its interleavings on each cached kernel of the selectors (default: the newest of
6.1.y and 6.12.y) and prints host seconds of one trial (N boundaries all over the path, default: 40), and of a whole verdict with
both cuts: by one trial for each class of boundaries that come to the same, and by one at each boundary. The floor is the same
trial by single steps up to the boundary, as gdb would make it, in turn in the same guest.`

/** A quarter of what the first engine took for a trial, and what a verdict may take. */
const BUDGET = { trial: 0.19 / 4, verdict: 15 }
const LIMIT_SECONDS = 600

const values = readOptions(HELP, { case: DEFAULT_CASE, kernels: ['debian:6.1.y:newest', 'debian:6.12.y:newest'], trials: '40' })

await using place = await openPlace()
const { context, scratch } = place
await main()

async function main(): Promise<void> {
  const { theCase, schedule, kernels } = await scheduledCase(values.case, values.kernels, context)
  const rows: Row[] = []
  const words: string[] = []
  for (const kernel of kernels) {
    const start = await scheduledGuests(kernel, theCase, context, scratch)
    const trials = await measureTrials(await start(), schedule)
    const verdicts = [await measureVerdict(await start(), schedule, false), await measureVerdict(await start(), schedule, true)]
    const floor = median(trials.stepped)
    rows.push(
      { what: `${kernel.version} a trial`, seconds: trials.own, floor, budget: BUDGET.trial },
      ...verdicts.map(({ seconds, boundaries, made, isExhaustive }) => ({
        what: `${kernel.version} a verdict, ${boundaries} boundaries, trials at ${made}`,
        seconds: [seconds],
        floor: floor * boundaries,
        ...(isExhaustive ? {} : { budget: BUDGET.verdict }),
      })),
    )
    words.push(...verdicts.map(({ word }) => `${kernel.id}: ${word}`))
  }
  printRows(rows, { json: values.json, below: words })
}

/** A whole verdict in a fresh guest, by one trial for each class of boundaries or by one at each. */
async function measureVerdict({ qemu, image, block }: ScheduledGuest, schedule: Schedule, isExhaustive: boolean) {
  const started = performance.now()
  try {
    const { record } = await driveSchedule(qemu, block, { schedule, image, limitSeconds: LIMIT_SECONDS, isExhaustive })
    const seconds = (performance.now() - started) / 1000
    const { verdict, summary } = judgeSchedule(standingOfSchedule(record), 'the bug')
    const made = record.trials ?? 0
    return { seconds, boundaries: record.path.length, made, isExhaustive, word: `${verdict}: ${summary}` }
  } finally {
    await qemu.kill()
  }
}

/** Trials all over the path, each in both ways. Those that an interrupt disturbs are left out. */
async function measureTrials({ qemu, image, block }: ScheduledGuest, schedule: Schedule) {
  try {
    const facts = await readImage(image)
    if (typeof facts === 'string' || qemu.debug === null) throw new Error(String(facts))
    await startDebugger(qemu)
    const session = await attach(await openStub(new GdbClient(qemu.debug, qemu.qmp.onEvent)), block, facts.symbols)
    const bound = bindSchedule(schedule, facts)
    const path = typeof bound === 'string' ? bound : await measurePath(session, bound)
    if (typeof bound === 'string' || typeof path === 'string') throw new Error(String(path))
    const own: number[] = []
    const stepped: number[] = []
    for (let n = 0; n < Number(values.trials); n += 1) {
      const k = Math.floor((n * path.length) / Number(values.trials))
      for (const [walk, times] of [
        [walkAtOnce, own],
        [walkByStep, stepped],
      ] as const) {
        const seconds = await timeTrial(session, bound, path, k, walk)
        if (seconds !== null) times.push(seconds)
      }
    }
    return { own, stepped }
  } finally {
    await qemu.kill()
  }
}

type Walker = (session: Session, entry: Entry, path: readonly Point[], k: number) => Promise<void>

function walkAtOnce(session: Session, entry: Entry, path: readonly Point[], k: number): Promise<void> {
  return walkTo(session, FIRST, entry, { path, k, careful: false })
}

async function walkByStep({ stub, traps }: Session, _entry: Entry, path: readonly Point[], k: number): Promise<void> {
  traps.clear()
  for (let at = 0; at < k; at += 1) await stepOne(stub, FIRST, path[at]?.rip ?? 0n)
}

/** Seconds of one trial; null for one that does not count. */
async function timeTrial(
  session: Session,
  bound: BoundSchedule,
  path: readonly Point[],
  k: number,
  walk: Walker,
): Promise<number | null> {
  const started = performance.now()
  await beginTrial(session, false)
  let counts = true
  try {
    const entry = await runIntoWindow(session, bound)
    await walk(session, entry, path, k)
    await runSecond(session, bound, entry)
  } catch (error) {
    if (!(error instanceof VoidTrial)) throw error
    counts = false
  }
  await endTrial(session)
  return counts ? (performance.now() - started) / 1000 : null
}
