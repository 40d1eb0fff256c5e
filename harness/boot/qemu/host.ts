/** What this host is, as far as guests depend on it. */
import { createHash } from 'node:crypto'
import { access, constants, copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InfraError } from '#domain/errors.ts'
import { QEMU } from './process.ts'
import { buildProgram } from '#harness/image/program.ts'
import type { DataOf } from '#schema/basics.ts'
import { tscSchema } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import { runCommand } from '#harness/support/process.ts'

export interface Host {
  /** Version of QEMU and of its package, as `qemu-system-x86_64 --version` says it. */
  readonly qemu: string
  /** `uname -r` of this host. */
  readonly kernel: string
  readonly cpus: number
  readonly cpuModel: string
  /** What a guest with this very CPU sees of it, microcode and flags too: sha256, hex. */
  readonly cpuFeatures: string
  /** Rate of the time stamp counter, rounded to MHz so that it names the same saved guests every time. */
  readonly tscKhz: number
}

/** A program that only says a word takes a tenth of a second; on a loaded host with a cold disk, many of them. */
const PATIENCE_MS = 60_000

/** What a program of the cache prints; a copy in the temporary folder runs where the cache is on a noexec mount. */
async function outputOf(program: string): Promise<string> {
  const run = async (path: string) => (await runCommand(path, [], { timeoutMs: PATIENCE_MS })).stdout
  const mayExecute = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  )
  if (mayExecute) return run(program)
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  try {
    await copyFile(program, join(folder, 'program'))
    return await run(join(folder, 'program'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function tscKhz(cache: string, cpuModel: string): Promise<number> {
  const memo = join(cache, 'host', 'tsc.json')
  const known = await readJsonCache(memo, tscSchema)
  if (known?.cpuModel === cpuModel) return known.khz
  const program = await buildProgram(cache, [join(import.meta.dirname, 'tsc.c')], [])
  const stdout = await outputOf(program.path)
  const khz = Math.round(Number(stdout) / 1000) * 1000
  if (!(khz > 0)) throw new InfraError(`the rate of this host's time stamp counter cannot be measured: ${stdout}`)
  await writeJsonCache(memo, { cpuModel, khz } satisfies DataOf<typeof tscSchema>)
  return khz
}

/** The lines of /proc/cpuinfo that say what a CPU can do. Its number or its frequency just now tell none apart. */
const FEATURES = ['vendor_id', 'cpu family', 'model', 'model name', 'stepping', 'microcode', 'flags', 'vmx flags', 'bugs']

/** What tells the first CPU of /proc/cpuinfo from those of other hosts, and from itself with other microcode: sha256, hex. */
export function featuresOf(cpuinfo: string): string {
  const lines = (cpuinfo.split('\n\n')[0] ?? '').split('\n').filter((line) => FEATURES.includes(line.split(':')[0]?.trim() ?? ''))
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** Look at this host. Throws InfraError when there is no QEMU or no compiler. */
export async function lookAtHost(cache: string): Promise<Host> {
  const version = await runCommand(QEMU, ['--version'], { timeoutMs: PATIENCE_MS })
  const cpuModel = cpus()[0]?.model ?? 'unknown'
  return {
    qemu: (version.stdout.split('\n')[0] ?? '').replace('QEMU emulator version ', ''),
    kernel: release(),
    cpus: cpus().length,
    cpuModel,
    cpuFeatures: featuresOf(await readFile('/proc/cpuinfo', 'latin1')),
    tscKhz: await tscKhz(cache, cpuModel),
  }
}

/** MiB that guests may take here: what the host or our control group still has, less a fifth for all else. */
export function memoryForGuests(): number {
  return Math.floor((process.availableMemory() / 2 ** 20) * 0.8)
}

const LOAD_WINDOW_MS = 250

/** Clock ticks of all CPUs since boot, from the first line of /proc/stat (proc(5)): those of somebody, and all of them. */
function readTicks(stat: string): { readonly busy: number; readonly all: number } {
  // The last two fields, of guests, are in the first two already.
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number)
  const all = ticks.reduce((sum, next) => sum + next, 0)
  const [, , , idle = 0, iowait = 0] = ticks
  return { busy: all - idle - iowait, all }
}

/** Share (0..1) of the time of all CPUs that was used between two readings of /proc/stat, time that was stolen too. */
export function loadBetween(before: string, after: string): number {
  const [from, to] = [readTicks(before), readTicks(after)]
  // Counts of time spent waiting may go back (proc(5)), so busy time may seem to have been more than there was.
  return to.all > from.all ? Math.min(1, Math.max(0, (to.busy - from.busy) / (to.all - from.all))) : 0
}

/** Share (0..1) of this host's CPU time that others use just now. Call it while nothing of ours runs; takes 0.25 s. */
export async function measureLoad(): Promise<number> {
  const before = await readFile('/proc/stat', 'latin1')
  await sleep(LOAD_WINDOW_MS)
  return loadBetween(before, await readFile('/proc/stat', 'latin1'))
}
