/** What the trials of a schedule are worth: where the bug showed, and what is missing to believe that it is absent. */
import type { BoundaryRun, HitWindow, PathSegment, ScheduleRecord, ScheduleStanding } from '#domain/race/schedule.ts'

const sizeOf = ({ from, to }: BoundaryRun): number => to - from + 1

/** Boundaries in words: `boundary 3`, `boundaries 3 to 7`. */
export function boundariesIn({ from, to }: Pick<BoundaryRun, 'from' | 'to'>): string {
  return from === to ? `boundary ${from}` : `boundaries ${from} to ${to}`
}

function segmentsOf(path: readonly string[]): PathSegment[] {
  const segments: PathSegment[] = []
  for (const [index, place] of path.entries()) {
    const symbol = place.replace(/\+0x[0-9a-f]+$/, '')
    const last = segments.at(-1)
    if (last?.symbol === symbol) segments[segments.length - 1] = { ...last, to: index }
    else segments.push({ symbol, from: index, to: index })
  }
  return segments
}

function windowsOf({ path, code }: ScheduleRecord, runs: readonly BoundaryRun[]): HitWindow[] {
  const instruction = (at: number, otherwise: string): string => {
    const text = code.find((line) => line.at === at)?.text
    return text === undefined ? (path[at] ?? otherwise) : `${path[at]}: ${text}`
  }
  return runs
    .filter(({ hit }) => hit)
    .map(({ from, to }) => ({ from, to, opens: instruction(from - 1, 'the entry'), closes: instruction(to, 'the end') }))
}

/** What was not tried, or did not count, of the kernel as it is. Every boundary must be in exactly one run. */
function missingOfKernel({ path, kernel }: ScheduleRecord): string[] {
  const missing = kernel.filter(({ end }) => end === 'void').map((run) => `no trial at ${boundariesIn(run)} counts: ${run.why}`)
  let next = 0
  for (const run of [...kernel, { from: path.length, to: path.length }]) {
    if (run.from > next) missing.push(`${boundariesIn({ from: next, to: run.from - 1 })} were not tried`)
    next = Math.max(next, run.to + 1)
  }
  return missing
}

/** Why the kernel without the fix is not a positive control, clause by clause; nothing where the case has no such control. */
function missingOfDisabled({ disabled }: ScheduleRecord): string[] {
  if (disabled.problem !== null && disabled.asked === false) return []
  if (disabled.problem !== null) return [`the fix could not be disabled: ${disabled.problem}`]
  if (!disabled.runs.some(({ hit }) => hit)) return ['the kernel with the fix disabled did not show the bug either']
  return disabled.runs
    .filter(({ end }) => end === 'void')
    .map((run) => `no trial with the fix disabled at ${boundariesIn(run)} counts: ${run.why}`)
}

function missingOfSecondCut({ secondCut }: ScheduleRecord): string[] {
  if (secondCut.problem !== null) return []
  return secondCut.cuts.flatMap(({ boundary, runs }) =>
    runs
      .filter(({ end }) => end === 'void')
      .map(
        ({ from, why }) =>
          `no trial with the second actor stopped at its instruction ${from} and boundary ${boundary} counts: ${why}`,
      ),
  )
}

/** What a record is worth. */
export function standingOfSchedule(record: ScheduleRecord): ScheduleStanding {
  const { path, kernel, trials, disabled, secondCut, problem } = record
  const own = windowsOf(record, kernel)
  const control = disabled.problem === null ? windowsOf(record, disabled.runs) : []
  const nothing = path.length === 0 ? ['the path through the window was not seen'] : []
  return {
    boundaries: path.length,
    tried: kernel.filter(({ end }) => end !== 'void').reduce((sum, run) => sum + sizeOf(run), 0),
    ...(trials === undefined ? {} : { trials }),
    segments: segmentsOf(path),
    kernel,
    disabled,
    secondCut,
    windows: control.length > 0 ? control : own,
    missing: [
      ...(problem === null ? [] : [problem]),
      ...nothing,
      ...(path.length === 0 ? [] : [...missingOfKernel(record), ...missingOfDisabled(record), ...missingOfSecondCut(record)]),
    ],
  }
}

/** A hit of the kernel as it is, in words; null when there is none. */
export function hitOf({ kernel, secondCut }: ScheduleStanding): string | null {
  const hit = kernel.find((run) => run.hit)
  if (hit) return `at ${boundariesIn(hit)} of its window`
  const cuts = secondCut.problem === null ? secondCut.cuts : []
  for (const { boundary, runs } of cuts) {
    const run = runs.find((one) => one.hit)
    if (!run) continue
    const second = `the second actor stopped at its instructions ${run.from} to ${run.to}`
    return `with ${second} and the first one at boundary ${boundary}`
  }
  return null
}
