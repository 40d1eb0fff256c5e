/** Whether a race that a debugger decides comes to the same record each time: idle, and while the host is busy. */
import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { driveSchedule } from '#harness/schedule/drive.ts'
import { judgeSchedule } from '#verdict/schedule/judge.ts'
import { standingOfSchedule } from '#verdict/schedule/standing.ts'
import { machineLine } from '../support/figures.ts'
import { scheduledCase, scheduledGuests } from '../support/scheduled-guest.ts'
import { openPlace, readOptions } from '../support/setup.ts'

const HELP = `node bench/races/determinism.ts [--kernels SELECTOR...] [--case CASE] [--rounds N] [--load N]

Decides CASE (default: gup-fast-vs-fork) N times (default: 10) on each cached kernel of the selectors (default: the newest of
5.10.y, 6.1.y and 6.12.y), each time in a fresh guest: first as the machine is, then beside N threads that compute (default: 8).
The whole record of each round (path, boundaries, window, both cuts, instructions) must be the same bytes; exits 1 otherwise.`

const LIMIT_SECONDS = 600
/** Computes for ever. */
const BUSY = 'for (let n = 0; ; n += 1) Math.sqrt(n)'

const values = readOptions(HELP, {
  kernels: ['debian:5.10.y:newest', 'debian:6.1.y:newest', 'debian:6.12.y:newest'],
  case: 'gup-fast-vs-fork',
  rounds: '10',
  load: '8',
})

await using place = await openPlace()
const { context, scratch } = place
await main()

async function main(): Promise<void> {
  const { theCase, schedule, kernels } = await scheduledCase(values.case, values.kernels, context)
  const starts = []
  for (const kernel of kernels)
    starts.push({ kernel, start: await scheduledGuests(kernel, theCase, context, scratch), seen: new Map<string, string>() })
  for (const load of [0, Number(values.load)]) {
    const busy = Array.from({ length: load }, () => new Worker(BUSY, { eval: true }))
    console.log(`${load} busy threads on ${availableParallelism()} cores; ${machineLine()}`)
    try {
      for (const { kernel, start, seen } of starts) {
        const seconds: number[] = []
        for (let round = 0; round < Number(values.rounds); round += 1) {
          const { qemu, image, block } = await start()
          const started = performance.now()
          try {
            const { record } = await driveSchedule(qemu, block, { schedule, image, limitSeconds: LIMIT_SECONDS })
            seconds.push((performance.now() - started) / 1000)
            const { verdict, summary } = judgeSchedule(standingOfSchedule(record), theCase.symptom)
            const hash = createHash('sha256').update(JSON.stringify(record)).digest('hex').slice(0, 12)
            if (!seen.has(hash)) console.log(`  ${kernel.id}: record ${hash}: ${verdict}: ${summary}`)
            seen.set(hash, verdict)
          } finally {
            await qemu.kill()
          }
        }
        const times = `${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s`
        console.log(`  ${kernel.id}: ${values.rounds} rounds of ${times}, ${seen.size} different records so far`)
      }
    } finally {
      await Promise.all(busy.map((worker) => worker.terminate()))
    }
  }
  const isSame = starts.every(({ seen }) => seen.size === 1)
  console.log(isSame ? 'the same bytes each time' : 'NOT the same bytes each time')
  process.exitCode = isSame ? 0 : 1
}
