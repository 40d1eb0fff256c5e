/**
 * The square: controls down, cases across. It holds when each control's own case answers as it must, and every other case
 * as on the base the control was made from, but for those that cannot be asked there any more.
 */
import type { Oracle } from '#domain/case.ts'
import type { Control, ConfidenceInterval, Trials } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { compareSeries } from '#domain/version.ts'
import { compareText } from '../matrix/matrix.ts'

/** What a cell is to the square. */
export type MatrixCheck =
  | 'base'
  /** A control's own case says what it must, or does not. */
  | 'own-holds'
  | 'own-fails'
  /** Another case says the same as on the base, or does not. */
  | 'unchanged'
  | 'changed'
  /** Cannot be asked there, as was foretold. */
  | 'blinded'
  /** No answer, here or on the base. */
  | 'no-answer'

export interface ControlMatrixCell {
  readonly kernel: string
  readonly case: string
  /** Null where the report has no such cell. */
  readonly verdict: Verdict | null
  readonly check: MatrixCheck
  readonly oracle: Oracle
  /** Trials of a race that count, and the rate they show; null where there are none. */
  readonly trials: Trials | null
  readonly interval: ConfidenceInterval | null
}

export interface ControlMatrixRow {
  readonly kernel: string
  /** Null for the base. */
  readonly control: Control | null
  /** In the order of the square's cases. */
  readonly cells: readonly ControlMatrixCell[]
}

export interface ControlMatrixSeries {
  readonly name: string
  /** Upstream version of the base. */
  readonly version: string
  /** The base first. */
  readonly rows: readonly ControlMatrixRow[]
}

interface ControlMatrixFailure {
  readonly kernel: string
  readonly case: string
  /** Who is to blame: the control (or its case), or the machine, which gave no answer. */
  readonly blame: 'control' | 'machine'
  /** What was expected, what was seen, what to do. */
  readonly text: string
}

export interface ControlMatrix {
  readonly schema: 'kwitness.control-matrix/1'
  readonly run: string
  readonly cases: readonly string[]
  readonly series: readonly ControlMatrixSeries[]
  readonly failures: readonly ControlMatrixFailure[]
  readonly holds: boolean
}

/** A verdict at a place, and all that is needed to say whether it is right. */
interface MatrixPosition {
  readonly cell: ReportCell | undefined
  readonly base: ReportCell | undefined
  readonly control: Control
  readonly oracle: Oracle
}

/** Lay a report out as the square of these controls. Controls whose kernels are not in the report are left out. */
export function controlMatrixOf(report: Report, controls: readonly Control[]): ControlMatrix {
  const kernels = new Map(report.kernels.map((kernel) => [kernel.id, kernel]))
  const cells = new Map(report.cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell]))
  const cases = report.cases.toSorted((a, b) => compareText(a.id, b.id))
  const failures: ControlMatrixFailure[] = []
  const known = controls.filter(({ kernel }) => kernels.has(kernel))
  const byLine = [...Map.groupBy(known, ({ series }) => series)].toSorted(([a], [b]) => compareSeries(a, b))

  const rowOf = (kernel: string, control: Control | null, own: readonly Control[]): ControlMatrixRow => ({
    kernel,
    control,
    cells: cases.map(({ id, oracle }) => {
      const cell = cells.get(`${kernel}/${id}`)
      const [check, failure] = control
        ? judgeControl({ cell, base: cells.get(`${control.base}/${id}`), control, oracle }, id)
        : judgeBase(
            cell,
            own.find((one) => one.case === id),
            `base of ${own[0]?.series}, ${id}`,
          )
      if (failure) failures.push({ kernel, case: id, ...failure })
      const { trials = null, interval = null } = cell?.race ?? {}
      return { kernel, case: id, verdict: cell?.verdict ?? null, check, oracle, trials, interval }
    }),
  })
  const lines = byLine.map(([line, own]): ControlMatrixSeries => {
    const base = own[0]?.base ?? ''
    const rows = [rowOf(base, null, own), ...own.map((control) => rowOf(control.kernel, control, own))]
    return { name: line, version: kernels.get(base)?.version ?? '', rows }
  })
  const ids = cases.map(({ id }) => id)
  return {
    schema: 'kwitness.control-matrix/1',
    run: report.run.id,
    cases: ids,
    series: lines,
    failures,
    holds: failures.length === 0,
  }
}

/** The controls whose own case answers as it must: verdicts may lean on these and on no others. */
export function controlsThatHold(matrix: ControlMatrix): Control[] {
  const rows = matrix.series.flatMap((line) => line.rows)
  return rows.flatMap(({ control, cells }) => (control && cells.some(({ check }) => check === 'own-holds') ? control : []))
}

type Judged = readonly [standing: MatrixCheck, failure?: Pick<ControlMatrixFailure, 'blame' | 'text'>]

/** Verdict a control's own case must have. */
const MUST: Readonly<Record<Control['kind'], Verdict>> = { bad: 'lacks', good: 'carries' }

const UNTRUE: Readonly<Record<Control['kind'], string>> = {
  bad: 'A control that does not reproduce is an error of kwitness: no verdict leans on it',
  good: 'A good control that is not clean is an error of kwitness: its patch does not do what it says, or its case sees more',
}

const isAnswer = (cell: ReportCell | undefined): cell is ReportCell => cell !== undefined && cell.verdict !== 'no-result'

/** What a verdict says of its kernel. A race that was not seen says the same however often it was tried. */
const gist = ({ verdict }: ReportCell, oracle: Oracle) =>
  oracle === 'statistical' && verdict === 'carries' ? 'inconclusive' : verdict

/** `carries (0 hits in 1200 trials)`. */
function seen(cell: ReportCell | undefined): string {
  if (!cell) return 'nothing'
  return cell.trials === null ? cell.verdict : `${cell.verdict} (${cell.trials.hits} hits in ${cell.trials.trials} trials)`
}

/** The sentence of a failure: where, what was expected, what was seen, what it means or what to do. */
function failed(standing: MatrixCheck, at: string, expected: string, cell: ReportCell | undefined, advice: string): Judged {
  const why = cell ? `; kwitness explain ${cell.kernel}/${cell.case} shows the evidence` : ''
  const text = `${at}: expected ${expected}, saw ${seen(cell)}. ${advice}${why}`
  return [standing, { blame: isAnswer(cell) ? 'control' : 'machine', text }]
}

/** The base gives answers, but one that a control of it must show first leaves that control with nothing to show. */
function judgeBase(cell: ReportCell | undefined, own: Control | undefined, at: string): Judged {
  if (!isAnswer(cell)) return failed('no-answer', at, 'an answer', cell, 'Run it again')
  if (cell.verdict === 'error') return failed('base', at, 'an answer', cell, 'Nothing can be held against it: mend the case')
  if (own?.kind === 'bad' && cell.verdict === 'lacks') {
    const advice = `Taking ${own.fix} out proves nothing: remove the control`
    return failed('base', at, 'a base that does not lack the fix', cell, advice)
  }
  if (own?.kind === 'good' && cell.verdict !== 'lacks') {
    return failed('base', at, 'a base that lacks the fix', cell, `Putting ${own.fix} in proves nothing: remove the control`)
  }
  return ['base']
}

function judgeControl({ cell, base, control, oracle }: MatrixPosition, theCase: string): Judged {
  const at = `${control.fix} on ${control.series}, ${theCase}`
  if (!isAnswer(cell)) return failed('no-answer', at, 'an answer', cell, 'Run it again')
  if (control.case === theCase) {
    const must = MUST[control.kind]
    return cell.verdict === must ? ['own-holds'] : failed('own-fails', at, must, cell, UNTRUE[control.kind])
  }
  if (control.blinds.includes(theCase)) {
    if (cell.verdict === 'not-applicable') return ['blinded']
    const advice = 'Take it out of "blinds" in controls.json'
    return failed('changed', at, 'not-applicable, as this control blinds the case', cell, advice)
  }
  if (!isAnswer(base)) return ['no-answer']
  if (gist(cell, oracle) === gist(base, oracle)) return ['unchanged']
  const advice = 'The patch does more than it says: make it smaller, or name the case in "blinds" of controls.json'
  return failed('changed', at, `${seen(base)} as on the base`, cell, advice)
}
