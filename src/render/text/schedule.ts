/** The window of a scheduled race as a picture in text: what was seen at its boundaries, with the fix and without. */
import type { BoundaryRun, ScheduleStanding } from '#domain/race/schedule.ts'
import { oneLine } from './format.ts'

/** Columns of the picture. */
const COLUMNS = 72

/** What a column shows when several things were seen in it: the first of these. */
const SIGNS: readonly (readonly [sign: string, shows: (run: BoundaryRun) => boolean])[] = [
  ['X', ({ hit }) => hit],
  ['?', ({ end }) => end === 'void'],
  ['w', ({ end }) => end === 'waits'],
  ['.', ({ end }) => end === 'done' || end === 'passed'],
]
const LEGEND = '. not seen   w not seen, the second waits for the first   X the bug   ? does not count'

function bar(runs: readonly BoundaryRun[], boundaries: number): string {
  const columns = Math.min(COLUMNS, boundaries)
  const signOf = (column: number): string => {
    const from = Math.floor((column * boundaries) / columns)
    const to = Math.floor(((column + 1) * boundaries) / columns) - 1
    const here = runs.filter((run) => run.from <= to && run.to >= from)
    return SIGNS.find(([, shows]) => here.some(shows))?.[0] ?? ' '
  }
  return Array.from({ length: columns }, (_, column) => signOf(column)).join('')
}

function secondCutLines(secondCut: ScheduleStanding['secondCut']): string[] {
  if (secondCut.problem !== null) return [`  second preemption not tried: ${secondCut.problem}`]
  const { every, instructions, symbol, cuts, control } = secondCut
  const seen = cuts.map(({ boundary, runs }) => `${runs.some(({ hit }) => hit) ? 'bug' : 'not'} seen at boundary ${boundary}`)
  const hit = control.problem === null ? control.cut.runs.find((run) => run.hit) : undefined
  const proof =
    control.problem === null && hit
      ? `  without the check at ${control.branch} it shows with the second stopped at its instruction ${hit.from}`
      : `  no positive control of the second preemption: ${control.problem ?? 'it does not show without the check either'}`
  return [`  second preemption: every ${every}th of ${instructions} instructions in ${symbol}, ${seen.join(', ')}`, proof]
}

/** How many boundaries there are an answer for, and at how many of them a trial was made. */
function coverLines({ boundaries, tried, trials, segments }: ScheduleStanding): string[] {
  const where = segments[0]?.symbol ?? 'the window'
  if (trials === undefined || trials >= tried) return [`${tried} of ${boundaries} boundaries tried in ${where}`]
  return [
    `${tried} of ${boundaries} boundaries covered in ${where}`,
    `  by trials at ${trials} of them: no instruction between one of these and the rest touches memory that both sides know`,
  ]
}

/** The lines, harmless whatever a kernel calls its functions; none where nothing was tried. */
export function scheduleLines(schedule: ScheduleStanding | undefined): string[] {
  if (schedule === undefined) return []
  const { boundaries, kernel, disabled, secondCut, windows, missing } = schedule
  const isDisabled = disabled.problem === null && disabled.runs.some(({ hit }) => hit)
  const what = isDisabled ? 'with the fix disabled, the bug' : 'the bug'
  const lines = [
    ...coverLines(schedule),
    `  kernel     ${bar(kernel, boundaries)}`,
    ...(disabled.problem === null
      ? [
          `  fix disabled  ${bar(disabled.runs, boundaries)}`,
          `  fix disabled at instructions ${disabled.instructions.join(' and ')}`,
        ]
      : [`  fix not disabled: ${disabled.problem}`]),
    `  ${LEGEND}`,
    ...windows.map(
      ({ from, to, opens, closes }) => `  ${what} shows from boundary ${from} (behind ${opens}) to ${to} (before ${closes})`,
    ),
    ...secondCutLines(secondCut),
    ...missing.map((clause) => `  missing: ${clause}`),
  ]
  return lines.map((line) => (line.startsWith(' ') ? `  ${oneLine(line.trim())}` : oneLine(line)))
}
