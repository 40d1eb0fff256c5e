/** The product, started in the nested host as a user starts it, and the QEMUs that it runs there. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What the outer side left for the suite. */
export interface Setup {
  /** Paths of two kernels. */
  readonly kernels: readonly [string, string]
  /** Ids of three cases that are asked on both. */
  readonly cases: readonly string[]
  /** By `KERNEL/CASE`, the verdicts that the same build gave under TCG. */
  readonly verdicts: Readonly<Record<string, string>>
}

export interface Attempt {
  readonly origin: string
  readonly outcome: string
  readonly ending: string
  readonly argv: readonly string[]
  /** What the case printed beside its tests. */
  readonly diagnostics: readonly string[]
}

/** What the suite reads of a report. */
export interface Report {
  readonly cells: readonly {
    readonly kernel: string
    readonly case: string
    readonly verdict: string
    readonly attempts: readonly Attempt[]
  }[]
}

interface FileTest {
  readonly diagnostics?: readonly string[]
}

type Machine = Pick<Attempt, 'origin' | 'argv'>

/** An attempt in a report file: an index in the file's tables, or, in files of older builds, the thing itself. */
type FileAttempt = Pick<Attempt, 'outcome' | 'ending'> &
  Partial<Machine> & {
    readonly machine?: number
    readonly tests?: number | readonly FileTest[]
  }

interface ReportFile {
  readonly machines?: readonly Machine[]
  readonly tests?: readonly (readonly FileTest[])[]
  readonly cells: readonly (Omit<Report['cells'][number], 'attempts'> & { readonly attempts: readonly FileAttempt[] })[]
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly kill: () => void
}

/** One line of diagnostics. */
export const note = (text: string): void => console.log(`# ${text}`)

/** Start `kwitness ARGS...` with a state folder of this name. What it says on stderr becomes diagnostics. */
export function start(state: string, args: readonly string[]): Started {
  note(`kwitness ${args.join(' ')}`)
  const env = { ...process.env, KWITNESS_STATE: `/root/states/${state}` }
  const child = spawn('/root/kwitness/kwitness', args, { env, cwd: '/root', stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let line = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    const lines = (line + text).split('\n')
    line = lines.pop() ?? ''
    for (const one of lines) note(`  ${one}`)
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return { pid: child.pid ?? -1, ended, kill: () => void child.kill('SIGKILL') }
}

/** `kwitness run --accel kvm ARGS... --json` to its end, with its report. Throws with its exit code where there is none. */
export async function run(state: string, args: readonly string[]): Promise<Ended & { readonly report: Report }> {
  const ended = await start(state, ['run', '--accel', 'kvm', ...args, '--json', '--out', `/root/out/${state}`]).ended
  return { ...ended, report: reportOf(ended) }
}

export function reportOf({ code, stdout }: Ended): Report {
  let file: ReportFile
  try {
    file = JSON.parse(stdout) as ReportFile
  } catch {
    throw new Error(`kwitness gave no report, exit code ${code}`)
  }
  const attemptOf = ({ machine, tests, ...attempt }: FileAttempt): Attempt => {
    const points = typeof tests === 'number' ? file.tests?.[tests] : tests
    const made = machine === undefined ? attempt : file.machines?.[machine]
    const diagnostics = (points ?? []).flatMap((point) => point.diagnostics ?? [])
    return { ...attempt, origin: made?.origin ?? 'unknown', argv: made?.argv ?? [], diagnostics }
  }
  return { cells: file.cells.map((cell) => ({ ...cell, attempts: cell.attempts.map(attemptOf) })) }
}

/** Verdicts by kernel and case. */
export const verdictsOf = ({ cells }: Report): Record<string, string> =>
  Object.fromEntries(cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell.verdict]))

export const attemptsOf = ({ cells }: Report): Attempt[] => cells.flatMap(({ attempts }) => attempts)

/** The QEMUs that run here. */
export function qemus(): { readonly argv: readonly string[] }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => ({ argv: commandOf(pid) })).filter(({ argv }) => argv[0]?.includes('qemu-system'))
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Wait until this holds of the machine. Throws when it does not within ten minutes. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 600_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ten minutes in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
