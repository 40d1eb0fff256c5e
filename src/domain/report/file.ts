/**
 * The report as a file: what results have in common is stored once, and what is empty is left out. Logs are part of it on demand;
 * else the evidence id of an attempt leads to them.
 */
import type { Reason } from '../judgement.ts'
import type { PathSegment, ScheduleStanding } from '../race/schedule.ts'
import type { TestPoint } from '../tests.ts'
import type { Boundary, Report, ReportAttempt, ReportCell, Timeline, Untested } from './matrix.ts'

/** How a guest came to be. */
export type Machine = Pick<ReportAttempt, 'qemu' | 'argv' | 'bootMethod' | 'origin'>

/** A test without what is empty; those below it are whole. */
export interface FileTest extends Omit<TestPoint, 'reason' | 'diagnostics' | 'children'> {
  readonly reason?: string
  readonly diagnostics?: readonly string[]
  readonly children?: readonly TestPoint[]
}

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>

export interface FileAttempt extends Omit<
  Optional<ReportAttempt, 'problems' | 'splats' | 'taint'>,
  'console' | 'output' | 'qemu' | 'argv' | 'bootMethod' | 'origin' | 'tests' | 'reasons'
> {
  /** Index in `machines`. */
  readonly machine: number
  /** Index in `logs`; absent in a file without logs. */
  readonly console?: number
  readonly output?: number
  /** Index in `tests`; absent where the case reported none. */
  readonly tests?: number
  /** Index in `reasons`; absent where the attempt has those of its result. */
  readonly reasons?: number
}

/** A path through a window is the functions that it goes through: the index of each in `symbols`, and its instructions there. */
export interface FileSchedule extends Omit<ScheduleStanding, 'segments'> {
  readonly path: readonly (readonly [symbol: number, instructions: number])[]
}

/** A result. */
export interface FileCell extends Omit<
  Optional<ReportCell, 'trials' | 'missProbability' | 'race'>,
  'attempts' | 'reasons' | 'schedule'
> {
  /** Index in `reasons`. */
  readonly reasons: number
  readonly schedule?: FileSchedule
  readonly attempts: readonly FileAttempt[]
}

/** Lists of untested kernels are an index in `untested`. */
export interface FileBoundary extends Omit<Boundary, 'untested'> {
  readonly untested: number | null
}

export interface FileTimeline extends Omit<Timeline, 'earlier' | 'later'> {
  readonly earlier: number
  readonly later: number
}

export interface ReportFile extends Omit<Report, 'cells' | 'boundaries' | 'timelines'> {
  readonly machines: readonly Machine[]
  readonly untested: readonly (readonly Untested[])[]
  readonly tests: readonly (readonly FileTest[])[]
  readonly reasons: readonly (readonly Reason[])[]
  readonly symbols: readonly string[]
  readonly cells: readonly FileCell[]
  readonly boundaries: readonly FileBoundary[]
  readonly timelines: readonly FileTimeline[]
  /** Each log once, as lines. */
  readonly logs?: readonly (readonly string[])[]
}

/** Values by their order, each once. */
function createTable<T>(): { readonly values: T[]; readonly indexOf: (value: T) => number } {
  const values: T[] = []
  const known = new Map<string, number>()
  return {
    values,
    indexOf: (value) => {
      const key = JSON.stringify(value)
      const index = known.get(key) ?? values.push(value) - 1
      known.set(key, index)
      return index
    },
  }
}

/** The report as it is written; with the logs of all attempts where they are wanted. */
export function toFile(report: Report, { logs: wantsLogs = false }: { readonly logs?: boolean | undefined } = {}): ReportFile {
  const [machines, untested] = [createTable<Machine>(), createTable<readonly Untested[]>()]
  const [testLists, logs] = [createTable<readonly FileTest[]>(), createTable<readonly string[]>()]
  const [reasonLists, symbols] = [createTable<readonly Reason[]>(), createTable<string>()]
  const fileAttempt = (attempt: ReportAttempt, cell: ReportCell): FileAttempt => {
    const { id, attempt: ordinal, outcome, ending, seed, seconds, origin, bootMethod, taint } = attempt
    const { reasons, tests, problems, splats, qemu, argv } = attempt
    const isUntainted = taint.before === 0 && taint.after === 0
    return {
      id,
      attempt: ordinal,
      outcome,
      ending,
      seed,
      seconds,
      ...(isUntainted ? {} : { taint }),
      ...(JSON.stringify(reasons) === JSON.stringify(cell.reasons) ? {} : { reasons: reasonLists.indexOf(reasons) }),
      machine: machines.indexOf({ qemu, argv, bootMethod, origin }),
      ...(tests.length > 0 ? { tests: testLists.indexOf(tests.map(leanTest)) } : {}),
      ...(problems.length > 0 ? { problems } : {}),
      ...(splats.length > 0 ? { splats } : {}),
      ...(wantsLogs ? { console: logs.indexOf(attempt.console), output: logs.indexOf(attempt.output) } : {}),
    }
  }
  const fileCell = (cell: ReportCell): FileCell => {
    const { trials, missProbability, race, schedule, reasons, attempts, ...rest } = cell
    return {
      ...rest,
      reasons: reasonLists.indexOf(reasons),
      ...(schedule === undefined ? {} : { schedule: fileSchedule(schedule) }),
      ...(trials === null ? {} : { trials }),
      ...(missProbability === null ? {} : { missProbability }),
      ...(race === null ? {} : { race }),
      attempts: attempts.map((attempt) => fileAttempt(attempt, cell)),
    }
  }
  const fileSchedule = ({ segments, ...rest }: ScheduleStanding): FileSchedule => ({
    ...rest,
    path: segments.map(({ symbol, from, to }) => [symbols.indexOf(symbol), to - from + 1] as const),
  })
  const file = {
    ...report,
    cells: report.cells.map(fileCell),
    boundaries: report.boundaries.map((one) => ({ ...one, untested: one.untested && untested.indexOf(one.untested) })),
    timelines: report.timelines.map((one) => ({
      ...one,
      earlier: untested.indexOf(one.earlier),
      later: untested.indexOf(one.later),
    })),
    machines: machines.values,
    untested: untested.values,
    tests: testLists.values,
    reasons: reasonLists.values,
    symbols: symbols.values,
  }
  return wantsLogs ? { ...file, logs: logs.values } : file
}

function leanTest({ reason, diagnostics, children, ...rest }: TestPoint): FileTest {
  return {
    ...rest,
    ...(reason === '' ? {} : { reason }),
    ...(diagnostics.length > 0 ? { diagnostics } : {}),
    ...(children.length > 0 ? { children } : {}),
  }
}

const UNKNOWN: Machine = { qemu: '', argv: [], bootMethod: null, origin: 'booted' }

/** The report in a file. Logs that the file does not have are empty. */
export function fromFile(read: ReportFile): Report {
  const { machines, untested, tests: testLists, reasons: reasonLists, symbols, logs = [], ...file } = read
  const reasonsAt = (index: number): readonly Reason[] => reasonLists[index] ?? []
  const logAt = (index: number | undefined): readonly string[] => logs[index ?? -1] ?? []
  const listAt = (index: number): readonly Untested[] => untested[index] ?? []
  return {
    ...file,
    cells: file.cells.map(({ schedule, ...cell }): ReportCell => {
      const attempts = cell.attempts.map(({ machine, console, output, tests, reasons, ...attempt }): ReportAttempt => ({
        reasons: reasonsAt(reasons ?? cell.reasons),
        problems: [],
        splats: [],
        taint: { before: 0, after: 0 },
        ...attempt,
        ...(machines[machine] ?? UNKNOWN),
        tests: (testLists[tests ?? -1] ?? []).map(wholeTest),
        console: logAt(console),
        output: logAt(output),
      }))
      const whole = schedule === undefined ? {} : { schedule: wholeSchedule(schedule, symbols) }
      return { trials: null, missProbability: null, race: null, ...cell, ...whole, reasons: reasonsAt(cell.reasons), attempts }
    }),
    boundaries: file.boundaries.map((one) => ({ ...one, untested: one.untested === null ? null : listAt(one.untested) })),
    timelines: file.timelines.map((one) => ({ ...one, earlier: listAt(one.earlier), later: listAt(one.later) })),
  }
}

function wholeTest({ reason = '', diagnostics = [], children = [], ...rest }: FileTest): TestPoint {
  return { ...rest, reason, diagnostics, children }
}

function wholeSchedule({ path, ...rest }: FileSchedule, symbols: readonly string[]): ScheduleStanding {
  const segments: PathSegment[] = []
  for (const [symbol, instructions] of path) {
    const from = (segments.at(-1)?.to ?? -1) + 1
    segments.push({ symbol: symbols[symbol] ?? '', from, to: from + instructions - 1 })
  }
  return { ...rest, segments }
}
