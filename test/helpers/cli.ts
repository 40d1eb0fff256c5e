/** The real command line, started as a user starts it, with folders of its own; and its processes, seen from outside. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import type { Report } from '#domain/report/matrix.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

/** What was downloaded or compiled before is used again; everything that a guest leaves can be in a cache of the test's own. */
const SHARED = ['apt', 'compile', 'debs', 'headers', 'kernels', 'locks', 'modules', 'node-24', 'external-modules', 'programs']
/** Nothing here takes this long, on the slowest machine. */
const PATIENCE_SECONDS = 300
const POLL_MS = 20

/** Folders of one test. */
export interface Place {
  readonly folder: string
  readonly cache: string
  readonly state: string
  /** Where runs leave their reports. */
  readonly out: string
}

/**
 * New folders, gone at the end. The cache is the one of this machine, so that kernels are fetched once; with `ownGuests`
 * saved guests and all that is known of the host are the test's own.
 */
export async function newPlace(ownGuests = false): Promise<Place & { readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-e2e-'))
  const shared = findWorkspace().cache
  const cache = ownGuests ? join(folder, 'cache') : shared
  if (ownGuests) {
    await mkdir(cache)
    for (const name of SHARED) {
      await mkdir(join(shared, name), { recursive: true })
      await symlink(join(shared, name), join(cache, name))
    }
  }
  const remove = () => rm(folder, { recursive: true, force: true })
  return { folder, cache, state: join(folder, 'state'), out: join(folder, 'out'), remove }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Cli {
  readonly pid: number
  /** What it said on stderr so far. */
  readonly said: () => string
  /** Resolves when it has said this on stderr; throws when it ends before, with all it said. */
  readonly says: (what: RegExp) => Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Start `kwitness ARGS...`, behind the words of `prefix` when there are any. `hear` gets what it says on stderr as it comes. */
export function startCli(
  place: Place,
  args: readonly string[],
  prefix: readonly string[] = [],
  hear: (text: string) => void = () => undefined,
): Cli {
  const [command = '', ...words] = [...prefix, join(REPOSITORY, 'kwitness'), ...args]
  const env = { ...process.env, KWITNESS_CACHE: place.cache, KWITNESS_STATE: place.state }
  const child = spawn(command, words, { cwd: place.folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let over = false
  let heard: () => void = () => undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    hear(text)
    heard()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      over = true
      heard()
      resolve({ code, signal, stdout, stderr })
    })
  })
  const says = async (what: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = what.exec(stderr)
      if (match) return match
      if (over) throw new Error(`kwitness ${args.join(' ')} ended and never said ${what}; it said:\n${stderr}`)
      await new Promise<void>((resolve) => (heard = resolve))
    }
  }
  return { pid: child.pid ?? -1, said: () => stderr, says, ended, kill: (signal) => void child.kill(signal) }
}

/** Run it to its end. */
export function runCli(place: Place, args: readonly string[], prefix: readonly string[] = []): Promise<Ended> {
  return startCli(place, args, prefix).ended
}

/** `kwitness run ARGS... --json` with its report; throws with all it said when there is none. */
export async function runReport(place: Place, args: readonly string[]): Promise<Ended & { readonly report: Report }> {
  const ended = await runCli(place, ['run', ...args, '--json', '--out', place.out])
  return { ...ended, report: readReport(ended) }
}

/** The report on standard output of a run that is over. */
export function readReport({ code, stdout, stderr }: Ended): Report {
  try {
    return JSON.parse(stdout)
  } catch {
    throw new Error(`kwitness gave no report (exit ${code}); it said:\n${stderr}`)
  }
}

/** Words for `--kernels`, one each. */
export function kernelWords(...kernels: readonly string[]): string[] {
  return kernels.flatMap((kernel) => ['--kernels', kernel])
}

/** Verdicts by cell, for comparing runs. */
export function verdictsOf({ cells }: Report): Record<string, string> {
  return Object.fromEntries(cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell.verdict]))
}

/** Three real kernels of three series, of the set that a run takes by default. */
export interface Kernels {
  readonly v510: string
  readonly v61: string
  readonly newest: string
}

/** Fetch the kernels the tests boot, by the product itself. */
export async function fetchKernels(): Promise<Kernels> {
  const place = await newPlace()
  try {
    const { code, stdout, stderr } = await runCli(place, ['kernels', 'list', 'default', '--json'])
    if (code !== 0) throw new Error(`kwitness kernels list exits ${code}:\n${stderr}`)
    const listed = JSON.parse(stdout) as ListedKernel[]
    const last = (series: string): string => listed.findLast((kernel) => series === '' || kernel.series === series)?.id ?? ''
    const kernels = { v510: last('5.10.y'), v61: last('6.1.y'), newest: last('') }
    const pulled = await runCli(place, ['kernels', 'pull', ...Object.values(kernels)])
    if (pulled.code !== 0) throw new Error(`kwitness kernels pull exits ${pulled.code}:\n${pulled.stderr}`)
    return kernels
  } finally {
    await place.remove()
  }
}

/** Wait until this holds of the machine outside, which tells nobody when it changes. Throws when it never does. */
export async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  const deadline = performance.now() + PATIENCE_SECONDS * 1000
  for (;;) {
    const found = look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_SECONDS} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

export interface Process {
  readonly pid: number
  readonly parent: number
  readonly argv: readonly string[]
  /** Seconds of processor time so far. */
  readonly cpuSeconds: number
}

const TICKS = 100

function readProcess(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name may hold blanks and parentheses; the last one closes it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return { pid, parent: Number(fields[1]), argv, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS }
  } catch {
    return null
  }
}

/** Running QEMUs that this accepts. */
export function qemus(accept: (process: Process) => boolean): Process[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  const isQemu = ({ argv }: Process): boolean => argv[0]?.includes('qemu-system') === true
  return pids.flatMap((pid) => readProcess(pid) ?? []).filter((process) => isQemu(process) && accept(process))
}

/** QEMUs of the attempts of a kwitness: those that carry a case. */
export function attemptsOf(pid: number): Process[] {
  return qemus(({ parent, argv }) => parent === pid && argv.includes('-fw_cfg'))
}

/** Most memory a process has had, in bytes; null when it is gone. */
export function peakMemory(pid: number): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}
