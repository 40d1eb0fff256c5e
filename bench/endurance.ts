/** Many attempts in a row by one process: what grows, and what is left behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spareFiles } from '#harness/boot/qemu/console-pipe.ts'
import type { RunEvent } from '#run/context/events.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { sayAccelerator, wantedAccelerator } from './support/accelerator.ts'
import { machineLine, median } from './support/figures.ts'
import { measureFloor } from './support/floor.ts'
import { runPlan } from './support/run.ts'
import { openPlace, readOptions } from './support/setup.ts'

const HELP = `node --expose-gc bench/endurance.ts [--kernel SELECTOR] [--case ID] [--attempts N] [--cpus N]
  [--accel kvm|tcg] [--json]

One run of N attempts (default: 500) of one case (default: uffd-fork-event) on one kernel (default: debian:6.1.y:newest),
one after the other, in guests with the same origin as in any run: under TCG those with one vCPU are forked, others
restored. Prints ten times what this process holds: resident memory and heap (MiB, after a collection), open files,
children; then what is left in the cache and in the temporary folder, the median and the worst time of an attempt, and
QEMU's own start as the floor. Exit 1 when files (the spare pipes of consoles aside), children or leftovers grew, or
a guest was booted.`

const values = readOptions(HELP, {
  kernel: 'debian:6.1.y:newest',
  case: 'uffd-fork-event',
  attempts: '500',
  cpus: '1',
  accel: undefined,
})

interface Held {
  readonly attempts: number
  readonly residentMiB: number
  readonly heapMiB: number
  readonly files: number
  readonly children: number
}

const MIB = 2 ** 20
const LOOKS = 10
await using place = await openPlace()
const { context, cache, scratch } = place
const count = Number(values.attempts)
const held: Held[] = []
/* A temporary folder for this process alone, so that everything left in it is its own. */
const temporary = await mkdtemp(join(tmpdir(), 'kwitness-'))
process.env['TMPDIR'] = temporary
const seconds: number[] = []

/** What this process has lying about in the cache and in its temporary folder. */
function leftovers(): string[] {
  const own = readdirSync(join(cache, 'scratch')).filter((name) => name.startsWith(`${process.pid}-`))
  return [...own, ...readdirSync(temporary)]
}

/** Processes whose parent this is, from /proc. */
function children(): number {
  const isOwn = (pid: string): boolean => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(process.pid)
    } catch {
      return false
    }
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOwn(name)).length
}

function look(attempts: number): Held {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const files = readdirSync('/proc/self/fd').length - spareFiles()
  return { attempts, residentMiB: rss / MIB, heapMiB: heapUsed / MIB, files, children: children() }
}

try {
  const line = machineLine()
  const accelerator = wantedAccelerator(values.accel)
  const request = {
    kernels: [values.kernel],
    cases: [values.case],
    noSnapshot: false,
    seed: '1',
    ...(accelerator && { accelerator }),
  }
  const { common, inputs } = await prepare(request, context, () => {})
  sayAccelerator(common.accelerator)
  const plan = { ...common, kind: 'matrix' } as const
  const options = { kernels: context, onEvent: () => {} }
  const [first] = plan.cases
  const program = first && inputs.programs.get(first.id)
  if (!first || !program) throw new Error(`there is no case ${values.case}`)
  const needs = { ...first.needs, cpus: Number(values.cpus) }
  const cases = Array.from({ length: count }, (_, number) => ({ ...first, needs, id: `${first.id}-${number}` }))
  const programs = new Map(cases.map(({ id }) => [id, program]))
  // What is saved, opened and kept for good by the first attempt is not growth.
  await runPlan({ ...plan, cases: cases.slice(0, 1) }, { ...inputs, programs }, options, join(scratch, 'warm'))
  const before = leftovers()
  held.push(look(0))
  const every = Math.max(1, Math.floor(count / LOOKS))
  const onEvent = (event: RunEvent): void => {
    if (event.kind !== 'attempt-done') return
    seconds.push(event.seconds)
    if (seconds.length % every === 0) held.push(look(seconds.length))
  }
  const alone = { ...options, onEvent, cores: 1 }
  const report = await runPlan({ ...plan, cases }, { ...inputs, programs }, alone, join(scratch, 'run'))
  const end = look(seconds.length)
  const left = leftovers().filter((name) => !before.includes(name))
  const origins = report.cells.flatMap(({ attempts }) => attempts).map(({ origin }) => origin)
  const outcomes = Object.entries(report.counts).filter(([, cells]) => cells > 0)
  const times = { median: median(seconds), worst: Math.max(...seconds), floor: median(await measureFloor(9)) }
  const attempts = { attempts: seconds.length, origins: countOf(origins), outcomes: Object.fromEntries(outcomes), times }
  const result = { held, end, left, ...attempts }
  console.log(values.json ? JSON.stringify(result, null, 2) : describe(line, result))
  const [start = end] = held
  const grew = end.children > start.children || end.files > start.files
  process.exitCode = left.length > 0 || origins.includes('booted') || grew ? 1 : 0
} finally {
  await rm(temporary, { recursive: true })
}

function countOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]))
}

function describe(
  line: string,
  result: {
    readonly left: readonly string[]
    readonly end: Held
    readonly attempts: number
    readonly origins: Readonly<Record<string, number>>
    readonly outcomes: Readonly<Record<string, number>>
    readonly times: { readonly median: number; readonly worst: number; readonly floor: number }
  },
): string {
  const { left, end, attempts, outcomes, times } = result
  const row = (words: readonly string[]): string => words.map((word) => word.padStart(12)).join('')
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, n]) => `${n} ${name}`)
      .join(', ')
  const figures = (one: Held, name: string) =>
    row([name, one.residentMiB.toFixed(1), one.heapMiB.toFixed(1), String(one.files), String(one.children)])
  return [
    line,
    row(['attempts', 'resident', 'heap', 'open files', 'children']),
    ...held.map((one) => figures(one, String(one.attempts))),
    figures(end, 'when over'),
    `left behind: ${left.length === 0 ? 'nothing' : left.join(' ')}`,
    `${attempts} attempts: ${counts(result.origins)}; ${counts(outcomes)}`,
    `seconds each: median ${times.median.toFixed(3)}, worst ${times.worst.toFixed(3)}, floor ${times.floor.toFixed(3)}`,
  ].join('\n')
}
