/** The real command line, started as a user starts it, with folders of its own; and its processes, seen from outside. */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import { fromFile, type ReportFile } from '#domain/report/file.ts'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernel, listKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

/** What was downloaded, compiled or read out of a package before is used again, whatever guests do. */
const SHARED = 'apt changelogs compile debs external-modules headers initramfs kernels locks modules node-24 programs'.split(' ')
/** Nothing here takes this long, on the slowest machine. */
const TIMEOUT_SECONDS = 300
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
 * What a test has for itself in its cache: nothing; snapshots and all else that guests leave; or also what a guest proved of
 * this host, which takes one some seconds.
 */
export type Own = 'nothing' | 'guests' | 'guests and host'

/** New folders, gone at the end. Of the cache of this machine the test uses all that it does not have for itself. */
export async function newPlace(own: Own = 'nothing'): Promise<Place & { readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-e2e-'))
  const shared = findWorkspace().cache
  const cache = own === 'nothing' ? shared : join(folder, 'cache')
  if (own !== 'nothing') {
    await mkdir(cache)
    for (const name of own === 'guests' ? [...SHARED, 'host'] : SHARED) {
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

/** `kwitness run ARGS... --json`, which reuses nothing, with its report; throws with all it said when there is none. */
export async function runReport(place: Place, args: readonly string[]): Promise<Ended & { readonly report: Report }> {
  const ended = await runCli(place, ['run', ...args, '--rerun', 'all', '--json', '--with-logs', '--out', place.out])
  return { ...ended, report: readReport(ended) }
}

/** The report on standard output of a run that is over. */
export function readReport({ code, stdout, stderr }: Ended): Report {
  try {
    return fromFile(JSON.parse(stdout) as ReportFile)
  } catch {
    throw new Error(`kwitness gave no report (exit ${code}); it said:\n${stderr}`)
  }
}

/** Whether this user may have mounts of its own: root outside of most containers. */
export function mayMount(): boolean {
  return spawnSync('unshare', ['--mount', 'true']).status === 0
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
  const context = { workspace: findWorkspace() }
  const listed = await listKernels(context, { selector: 'default' })
  const fetchLast = async (series: string): Promise<string> => {
    const kernel = listed.findLast((one) => series === '' || one.series === series)
    if (kernel === undefined) throw new Error(`the default set has no kernel of ${series || 'any series'}`)
    return (await fetchKernel(kernel, context)).kernel.id
  }
  const [v510, v61, newest] = await Promise.all([fetchLast('5.10.y'), fetchLast('6.1.y'), fetchLast('')])
  return { v510, v61, newest }
}

/** Wait until this holds of the machine outside, which tells nobody when it changes. Throws when it never does. */
export async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  const deadline = performance.now() + TIMEOUT_SECONDS * 1000
  for (;;) {
    const found = look()
    if (found !== null && found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`waited ${TIMEOUT_SECONDS} s in vain for ${what}`)
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
  return qemus(({ parent, argv }) => parent === pid && argv.some((word) => /,id=payload,.*,share=off$/.test(word)))
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
