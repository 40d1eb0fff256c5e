/** Facts about this host that guests depend on. */
import { createHash } from 'node:crypto'
import { access, constants, copyFile, readFile, rm } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InfraError } from '#domain/errors.ts'
import { readQemuVersion } from './binary.ts'
import { buildProgram } from '#harness/image/program.ts'
import type { DataOf } from '#schema/basics.ts'
import { tscSchema } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeTemporaryFolder } from '#harness/support/scratch.ts'

export interface Host {
  /** Version of QEMU and of its package, from `qemu-system-x86_64 --version`. */
  readonly qemu: string
  /** `uname -r` of the host. */
  readonly kernel: string
  readonly cpus: number
  readonly cpuModel: string
  /** sha256 (hex) of what a guest with the host's CPU can see of it, with microcode and flags. */
  readonly cpuFeatures: string
  /** Rate of the time stamp counter in kHz, rounded to MHz so that each measurement gives the same snapshot keys. */
  readonly tscKhz: number
}

const TSC_SOURCE = join(import.meta.dirname, 'tsc.c')

/** Starting a program takes 0.1 s, but many times that on a loaded host with a cold disk. */
const COMMAND_TIMEOUT_MS = 60_000

/** The output of a program in the cache. Runs a copy in the temporary folder when the cache is on a noexec mount. */
async function outputOf(program: string): Promise<string> {
  const run = async (path: string) => (await runCommand(path, [], { timeoutMs: COMMAND_TIMEOUT_MS })).stdout
  const mayExecute = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  )
  if (mayExecute) return run(program)
  const folder = await makeTemporaryFolder()
  try {
    await copyFile(program, join(folder, 'program'))
    return await run(join(folder, 'program'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Two measurements of one counter differ by less: the rate that snapshots were made with stays. */
const SAME_KHZ = 3000

/** The id of this boot of the host: its counter runs at one rate until it, or what it is a guest of, starts anew. */
const readBootId = () =>
  readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => 'unknown',
  )

/**
 * The rate of the time stamp counter in kHz, measured once in each boot of the host by `measure`, which prints it: a measurement
 * that went wrong is not kept for ever.
 */
export async function tscKhz(
  cache: string,
  cpuModel: string,
  bootId: string,
  measure: () => Promise<string> = async () => outputOf((await buildProgram(cache, [TSC_SOURCE], [])).path),
): Promise<number> {
  const file = join(cache, 'host', 'tsc.json')
  const known = await readJsonCache(file, tscSchema)
  const before = known?.cpuModel === cpuModel ? known : null
  if (before?.bootId === bootId) return before.khz
  const stdout = await measure()
  const measured = Math.round(Number(stdout) / 1000) * 1000
  if (!(measured > 0)) throw new InfraError(`cannot measure the rate of this host's time stamp counter: ${stdout}`)
  const khz = before !== null && Math.abs(before.khz - measured) < SAME_KHZ ? before.khz : measured
  await writeJsonCache(file, { cpuModel, bootId, khz } satisfies DataOf<typeof tscSchema>)
  return khz
}

/** The fields of /proc/cpuinfo that describe what a CPU can do, unlike its number or its present frequency. */
const FEATURES = ['vendor_id', 'cpu family', 'model', 'model name', 'stepping', 'microcode', 'flags', 'vmx flags', 'bugs']

/** sha256 (hex) of the features of the first CPU in /proc/cpuinfo; it changes with the CPU model and with its microcode. */
export function featuresOf(cpuinfo: string): string {
  const lines = (cpuinfo.split('\n\n')[0] ?? '').split('\n').filter((line) => FEATURES.includes(line.split(':')[0]?.trim() ?? ''))
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** Inspect this host. Throws InfraError when QEMU or the compiler is missing. */
export async function readHost(cache: string): Promise<Host> {
  const cpuModel = cpus()[0]?.model ?? 'unknown'
  return {
    qemu: await readQemuVersion(),
    kernel: release(),
    cpus: cpus().length,
    cpuModel,
    cpuFeatures: featuresOf(await readFile('/proc/cpuinfo', 'latin1')),
    tscKhz: await tscKhz(cache, cpuModel, await readBootId()),
  }
}

/** MiB that guests may use: 80 % of what the host or our control group has available. */
export function memoryForGuests(): number {
  return Math.floor((process.availableMemory() / 2 ** 20) * 0.8)
}

const LOAD_WINDOW_MS = 250

/** Clock ticks of all CPUs since boot from the first line of /proc/stat (proc(5)): busy ones, and all. */
function readTicks(stat: string): { readonly busy: number; readonly all: number } {
  // The last two fields count time of guests, which the first two include.
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number)
  const all = ticks.reduce((sum, next) => sum + next, 0)
  const [, , , idle = 0, iowait = 0] = ticks
  return { busy: all - idle - iowait, all }
}

/** Share (0..1) of CPU time, stolen time included, that was busy between two readings of /proc/stat. */
export function loadBetween(before: string, after: string): number {
  const [from, to] = [readTicks(before), readTicks(after)]
  // iowait may decrease (proc(5)), so the busy time may seem larger than the whole.
  return to.all > from.all ? Math.min(1, Math.max(0, (to.busy - from.busy) / (to.all - from.all))) : 0
}

/** Share (0..1) of CPU time that other processes use now. Takes 0.25 s; call it while nothing of kwitness runs. */
export async function measureLoad(): Promise<number> {
  const before = await readFile('/proc/stat', 'latin1')
  await sleep(LOAD_WINDOW_MS)
  return loadBetween(before, await readFile('/proc/stat', 'latin1'))
}
