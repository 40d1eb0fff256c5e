/** kill -9 at random moments of a run: whether a resumed run ends like an undisturbed one. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { kernelWords, newPlace, readReport, runCli, startCli, until, type Ended, type Place } from '#test/helpers/cli.ts'
import { assertNoneIsLost, guestsOf, matrixOf, nextWords, storedBy } from '#test/helpers/killed.ts'
import { acceleratorWords, sayAccelerator } from './support/accelerator.ts'
import { machineLine, median } from './support/figures.ts'
import { readOptions } from './support/setup.ts'

const HELP = `node bench/kills.ts [--kills N] [--kernels LIST] [--cases LIST] [--seed N] [--accel kvm|tcg] [--json]

Runs the cases of LIST (default: uffd-*) on the kernels of LIST (default: the newest of 5.10.y, 6.12.y and 7.3.y) once
undisturbed, then N times (default: 20) killed by SIGKILL at a moment drawn between its start and its end, and gone on
with by --resume; every other time with no saved guests, so that boots are hit, too. Prints each moment, how many
attempts were stored by then, and whether the matrix is the same; the floor is the undisturbed run. Exit 1 when a
matrix differs, an attempt that was stored is lost, or a guest or a file is left behind.`

const values = readOptions(HELP, {
  kills: '20',
  kernels: 'debian:5.10.y:newest,debian:6.12.y:newest,debian:7.3.y:newest',
  cases: 'uffd-*',
  seed: '7',
  accel: undefined,
})

interface Kill {
  /** Seconds after the start of the run. */
  readonly moment: number
  /** Attempts said to be stored by then. */
  readonly stored: number
  /** Seconds from the kill to the end of what went on. */
  readonly goingOn: number
  /** What is not as it should be. */
  readonly wrong: readonly string[]
}

const place = await newPlace('guests and host')
const guests = join(place.cache, 'guests')
const request = [
  ...kernelWords(...values.kernels.split(',')),
  '--cases',
  values.cases,
  '--seed',
  values.seed,
  ...acceleratorWords(values.accel),
]
const words = ['run', ...request, '--json', '--out', place.out]

try {
  const line = machineLine()
  const whole = await timed(() => runCli(at('whole'), words))
  const again = await timed(() => runCli(at('again'), words))
  sayAccelerator(readReport(whole.result).run.host.accelerator)
  const expected = matrixOf(readReport(whole.result))
  const kills: Kill[] = []
  for (let number = 0; number < Number(values.kills); number += 1) {
    const cold = number % 2 === 1
    if (cold) await rm(guests, { recursive: true, force: true })
    const kill = await killOnce(at(`kill-${number}`), Math.random() * (cold ? whole : again).seconds, expected)
    if (!values.json) console.log(describe(number, cold, kill))
    kills.push(kill)
  }
  const right = kills.filter(({ wrong }) => wrong.length === 0).length
  const floor = { cold: whole.seconds, warm: again.seconds }
  if (values.json) console.log(JSON.stringify({ floor, kills }, null, 2))
  else {
    const goingOn = median(kills.map((kill) => kill.goingOn)).toFixed(1)
    console.log(line)
    console.log(`${right} of ${kills.length} ended with the matrix of the undisturbed run, ${goingOn} s (median) after the kill`)
    console.log(`undisturbed: ${floor.cold.toFixed(1)} s with no saved guests, ${floor.warm.toFixed(1)} s with them`)
  }
  process.exitCode = right === kills.length ? 0 : 1
} finally {
  await place.remove()
}

function at(name: string): Place {
  return { ...place, state: join(place.folder, name) }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly seconds: number }> {
  const started = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - started) / 1000 }
}

/** Start the run, kill it at this moment, and go on until it is over. */
async function killOnce(there: Place, moment: number, expected: unknown): Promise<Kill> {
  const cli = startCli(there, words)
  await Promise.race([new Promise((resolve) => setTimeout(resolve, moment * 1000)), cli.ended])
  cli.kill('SIGKILL')
  const said = storedBy((await cli.ended).stderr)
  const { result: last, seconds: goingOn } = await timed(async (): Promise<Ended> => {
    await until('the guests of a killed kwitness to go', () => guestsOf(cli.pid).length === 0)
    return runCli(there, (await nextWords(there, words)) ?? ['report', '--json'])
  })
  const wrong = [...(await problemsOf(last, said, expected)), ...(await leftBy(cli.pid))]
  return { moment, stored: said.length, goingOn, wrong }
}

async function problemsOf(last: Ended, said: readonly string[], expected: unknown): Promise<string[]> {
  if (last.code !== 0) return [`going on exits ${last.code}: ${last.stderr.trim().split('\n').at(-1)}`]
  const report = readReport(last)
  try {
    assertNoneIsLost([...said, ...storedBy(last.stderr)], report)
  } catch (error) {
    return [(error as Error).message]
  }
  return isDeepStrictEqual(matrixOf(report), expected) ? [] : ['the matrix differs']
}

/** What the killed process left on the disk, now that another has been there. */
async function leftBy(pid: number): Promise<string[]> {
  const names = await readdir(join(place.cache, 'scratch')).catch(() => [])
  return names.filter((name) => name.startsWith(`${pid}-`)).map((name) => `${name} is left in the cache`)
}

function describe(number: number, cold: boolean, { moment, stored, goingOn, wrong }: Kill): string {
  const how = cold ? 'no saved guests' : 'saved guests'
  const end = wrong.length === 0 ? 'same matrix' : wrong.join('; ')
  const killed = `${String(number + 1).padStart(3)}  killed at ${moment.toFixed(2)} s (${how}), ${stored} stored`
  return `${killed}; on for ${goingOn.toFixed(1)} s: ${end}`
}
