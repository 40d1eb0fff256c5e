/** Assembles the Report from judged cells: claims and findings filled in, boundaries and counts drawn, everything in order. */
import type { Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { fixStatusOf } from '#domain/judgement.ts'
import type { KnownKernel } from '#domain/kernel.ts'
import type { Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import { boundariesOf } from './boundary.ts'
import { createEntriesBetween } from './boundary-changelog.ts'
import { claimOf, findingOf, type CellClaim, type KernelClaimSources } from '../claims/claim.ts'
import { contradictionsOf } from './headline.ts'
import { timelinesOf } from './timeline.ts'
import { compareKernels, compareText, countVerdicts } from './matrix.ts'

/** A cell as it was judged, before the paperwork is held against it. */
export type JudgedCell = Omit<ReportCell, 'status' | 'claim' | 'claimSource' | 'finding'>

export interface ReportInputs {
  readonly run: Report['run']
  readonly kernels: readonly ReportKernel[]
  readonly cases: readonly Case[]
  /** Kernels of the run whose answer is known: for their own case that is the claim. */
  readonly controls: readonly Control[]
  /** What the providers had of the series of the run when it was planned; left out or null when nobody kept that. */
  readonly listing?: readonly KnownKernel[] | null
  /** In any order; a run makes at most one cell of a kernel and a case. */
  readonly cells: readonly JudgedCell[]
  /** What is written about the kernels, by id; the case's own data speaks alone where nothing was kept. */
  readonly claimSources?: ReadonlyMap<string, KernelClaimSources>
}

/** Build the Report; the same parts in any order give the same report. Throws InvariantError for cells that don't fit the run. */
export function buildReport(parts: ReportInputs): Report {
  const kernels = parts.kernels.toSorted(compareKernels)
  const cases = parts.cases.toSorted((a, b) => compareText(a.id, b.id))
  const cells = inMatrixOrder(parts.cells, kernels, cases).map(({ cell, kernel, theCase }): ReportCell => {
    const { claim, source } = claimFor(parts, kernel, theCase)
    return {
      ...cell,
      status: fixStatusOf(cell.verdict),
      claim,
      claimSource: source,
      finding: findingOf(cell.verdict, claim),
      attempts: cell.attempts.toSorted((a, b) => a.attempt - b.attempt),
    }
  })
  const entriesBetween = createEntriesBetween(kernels, cases)
  const shown = cases.map(caseForReport)
  const shipped = kernels.filter(({ id }) => !isControl(parts.controls, id))
  return {
    schema: 'kwitness.report/1',
    run: parts.run,
    headline: contradictionsOf({ kernels, cases: shown, cells }),
    kernels,
    controls: parts.controls.toSorted((a, b) => compareText(a.kernel, b.kernel)),
    cases: shown,
    cells,
    boundaries: boundariesOf(shipped, cells, parts.listing).map((boundary) => ({
      ...boundary,
      entries: entriesBetween(boundary, parts.claimSources?.get(boundary.after)?.changelog ?? null),
    })),
    timelines: timelinesOf(shipped, cells, parts.listing),
    counts: countVerdicts(cells),
  }
}

/** A kernel made to lack (or carry) a fix says nothing about where its series does. */
function isControl(controls: readonly Control[], kernel: string): boolean {
  return controls.some((control) => control.kernel === kernel)
}

/** Of a control's own case how it was made is the claim, of everything else the paperwork. */
function claimFor({ controls, claimSources }: ReportInputs, kernel: ReportKernel, theCase: Case): CellClaim {
  const control = controls.find((one) => one.kernel === kernel.id && one.case === theCase.id)
  if (!control) return claimOf(kernel, theCase, claimSources?.get(kernel.id))
  return { claim: control.kind === 'bad' ? 'not-listed' : 'listed', source: control.summary }
}

/** Cells sorted kernels first, each with the kernel and the case it belongs to. */
function inMatrixOrder(cells: readonly JudgedCell[], kernels: readonly ReportKernel[], cases: readonly Case[]) {
  const rows = new Map(kernels.map((kernel, index) => [kernel.id, { kernel, index }]))
  const columns = new Map(cases.map((theCase, index) => [theCase.id, { theCase, index }]))
  const seen = new Set<string>()
  const placed = cells.map((cell) => {
    const row = rows.get(cell.kernel)
    const column = columns.get(cell.case)
    const name = `${cell.kernel}/${cell.case}`
    if (!row || !column) throw new InvariantError(`cell ${name} belongs to no kernel or case of the run`)
    if (seen.has(name)) throw new InvariantError(`cell ${name} is there twice`)
    seen.add(name)
    return { cell, kernel: row.kernel, theCase: column.theCase, position: row.index * cases.length + column.index }
  })
  return placed.toSorted((a, b) => a.position - b.position)
}

/** What a report shows of a case: no folder of this machine. */
function caseForReport(theCase: Case): ReportCase {
  const { id, title, subsystem, symptom, oracle, fixes, introduced, references } = theCase
  return { id, title, subsystem, symptom, oracle, fixes, introduced, references }
}
