/**
 * The control matrix: control kernels down, cases across. It holds when each control's own case, and any other of the fix that
 * a bad one lacks, gives the required verdict, and every other case the same verdict as on the base, except for those that the
 * control blinds.
 */
import { triedCaseOf, type Oracle } from '#domain/case.ts'
import type { Control, ConfidenceInterval, Trials } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report, ReportCase, ReportCell } from '#domain/report/matrix.ts'
import { compareSeries } from '#domain/version.ts'
import { compareText } from '../matrix/matrix.ts'

/** The check of a cell. */
export type MatrixCheck =
  | 'base'
  /** A control's own case has the required verdict, or another. */
  | 'own-holds'
  | 'own-fails'
  /** Another case has the same verdict as on the base, or another. */
  | 'unchanged'
  | 'changed'
  /** Not applicable there, as `blinds` of the control says. */
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
  /** Counted trials of a race and their rate; null without any. */
  readonly trials: Trials | null
  readonly interval: ConfidenceInterval | null
}

export interface ControlMatrixRow {
  readonly kernel: string
  /** Null for the base. */
  readonly control: Control | null
  /** In the order of the matrix's cases. */
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
  /** At fault: the control (or its case), or the machine, which gave no answer. */
  readonly blame: 'control' | 'machine'
  /** What was expected, what was seen, what to do next. */
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

/** A cell of a control with what is needed to check it. */
interface MatrixPosition {
  readonly cell: ReportCell | undefined
  readonly base: ReportCell | undefined
  readonly control: Control
  readonly oracle: Oracle
  /** Whether the control must show it. */
  readonly isOwn: boolean
}

/** Whether this is the case of a control, or another case of the fix that a bad control lacks. */
function isOwnOf(control: Control, { id, fixes }: Pick<ReportCase, 'id' | 'fixes'>): boolean {
  if (control.case === triedCaseOf(id)) return true
  return control.kind === 'bad' && control.fix !== '' && fixes.some(({ commit }) => commit?.startsWith(control.fix))
}

/** The control matrix of a report, without controls whose kernels are not in the report. */
export function controlMatrixOf(report: Report, controls: readonly Control[]): ControlMatrix {
  const kernels = new Map(report.kernels.map((kernel) => [kernel.id, kernel]))
  const cells = new Map(report.cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell]))
  const cases = report.cases.toSorted((a, b) => compareText(a.id, b.id))
  const failures: ControlMatrixFailure[] = []
  const known = controls.filter(({ kernel }) => kernels.has(kernel))
  const bySeries = [...Map.groupBy(known, ({ series }) => series)].toSorted(([a], [b]) => compareSeries(a, b))

  const rowOf = (kernel: string, control: Control | null, own: readonly Control[]): ControlMatrixRow => ({
    kernel,
    control,
    cells: cases.map(({ id, oracle, fixes }) => {
      const cell = cells.get(`${kernel}/${id}`)
      const [check, failure] = control
        ? judgeControl(
            { cell, base: cells.get(`${control.base}/${id}`), control, oracle, isOwn: isOwnOf(control, { id, fixes }) },
            id,
          )
        : judgeBase(
            cell,
            own.find((one) => one.case === triedCaseOf(id)),
            `base of ${own[0]?.series}, ${id}`,
          )
      if (failure) failures.push({ kernel, case: id, ...failure })
      const { trials = null, interval = null } = cell?.race ?? {}
      return { kernel, case: id, verdict: cell?.verdict ?? null, check, oracle, trials, interval }
    }),
  })
  const series = bySeries.map(([name, own]): ControlMatrixSeries => {
    const base = own[0]?.base ?? ''
    const rows = [rowOf(base, null, own), ...own.map((control) => rowOf(control.kernel, control, own))]
    return { name, version: kernels.get(base)?.version ?? '', rows }
  })
  const ids = cases.map(({ id }) => id)
  return {
    schema: 'kwitness.control-matrix/1',
    run: report.run.id,
    cases: ids,
    series,
    failures,
    holds: failures.length === 0,
  }
}

/** The controls whose own case has the required verdict: only these give reference rates. */
export function controlsThatHold(matrix: ControlMatrix): Control[] {
  const rows = matrix.series.flatMap((series) => series.rows)
  return rows.flatMap(({ control, cells }) => {
    const isShown = cells.some(({ check }) => check === 'own-holds') && !cells.some(({ check }) => check === 'own-fails')
    return control && isShown ? control : []
  })
}

type Judged = readonly [check: MatrixCheck, failure?: Pick<ControlMatrixFailure, 'blame' | 'text'>]

/** The verdict that a control's own case must have. */
const REQUIRED: Readonly<Record<Control['kind'], Verdict>> = { bad: 'lacks', good: 'carries' }

const CONTROL_ERROR: Readonly<Record<Control['kind'], string>> = {
  bad: 'A control that does not reproduce is an error of kwitness: no verdict uses its rate',
  good: 'A good control that reproduces is an error of kwitness: its patch does not do what it says, or its case sees more',
}

const isAnswer = (cell: ReportCell | undefined): cell is ReportCell => cell !== undefined && cell.verdict !== 'no-result'

/** A verdict for comparison: of a race without a hit, the number of trials does not matter. */
const comparable = ({ verdict }: ReportCell, oracle: Oracle) =>
  oracle === 'statistical' && verdict === 'carries' ? 'inconclusive' : verdict

/** `carries (0 hits in 1200 trials)`. */
function seen(cell: ReportCell | undefined): string {
  if (!cell) return 'nothing'
  return cell.trials === null ? cell.verdict : `${cell.verdict} (${cell.trials.hits} hits in ${cell.trials.trials} trials)`
}

/** A failure and its sentence: where, what was expected, what was seen, what to do next. */
function failed(check: MatrixCheck, at: string, expected: string, cell: ReportCell | undefined, advice: string): Judged {
  const why = cell ? `; kwitness explain ${cell.kernel}/${cell.case} shows the evidence` : ''
  const text = `${at}: expected ${expected}, saw ${seen(cell)}. ${advice}${why}`
  return [check, { blame: isAnswer(cell) ? 'control' : 'machine', text }]
}

/** The base must answer, and must not already have the verdict that a control of it has to show. */
function judgeBase(cell: ReportCell | undefined, own: Control | undefined, at: string): Judged {
  if (!isAnswer(cell)) return failed('no-answer', at, 'an answer', cell, 'Run it again')
  if (cell.verdict === 'error') return failed('base', at, 'an answer', cell, 'Nothing can be compared with it: fix the case')
  if (own?.kind === 'bad' && cell.verdict === 'lacks') {
    const advice = `Reverting ${own.fix} proves nothing: remove the control`
    return failed('base', at, 'a base that does not lack the fix', cell, advice)
  }
  if (own?.kind === 'good' && cell.verdict !== 'lacks') {
    return failed('base', at, 'a base that lacks the fix', cell, `Applying ${own.fix} proves nothing: remove the control`)
  }
  return ['base']
}

function judgeControl({ cell, base, control, oracle, isOwn }: MatrixPosition, theCase: string): Judged {
  const at = `${control.fix} on ${control.series}, ${theCase}`
  if (!isAnswer(cell)) return failed('no-answer', at, 'an answer', cell, 'Run it again')
  if (isOwn) {
    const required = REQUIRED[control.kind]
    return cell.verdict === required ? ['own-holds'] : failed('own-fails', at, required, cell, CONTROL_ERROR[control.kind])
  }
  if (control.blinds.includes(triedCaseOf(theCase))) {
    if (cell.verdict === 'not-applicable') return ['blinded']
    const advice = 'Remove it from "blinds" in controls.json'
    return failed('changed', at, 'not-applicable, because this control blinds the case', cell, advice)
  }
  if (!isAnswer(base)) return ['no-answer']
  if (comparable(cell, oracle) === comparable(base, oracle)) return ['unchanged']
  const advice = 'The patch does more than it says: make it smaller, or add the case to "blinds" in controls.json'
  return failed('changed', at, `${seen(base)} as on the base`, cell, advice)
}
