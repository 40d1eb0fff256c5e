/** Builds the Report from judged cells: adds claims, findings, boundaries and counts, all in a fixed order. */
import type { CheckedHost } from '#domain/report/host.ts'
import type { Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { fixStatusOf } from '#domain/judgement.ts'
import type { KnownKernel } from '#domain/kernel.ts'
import type { Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import { boundariesOf } from './boundary.ts'
import { markDifferences } from './neighbours.ts'
import { createEntriesBetween, type KnownEntries } from './boundary-changelog.ts'
import { claimOf, findingOf, type CellClaim, type KernelClaimSources } from '../claims/claim.ts'
import { contradictionsOfRun } from '../claims/case-contradictions.ts'
import { contradictionsOf } from './headline.ts'
import { timelinesOf } from './timeline.ts'
import { compareKernels, compareText, countVerdicts } from './matrix.ts'

/** A judged cell without its claim. */
export type JudgedCell = Omit<ReportCell, 'status' | 'claim' | 'claimSource' | 'finding'>

export interface ReportInputs {
  readonly run: Report['run']
  readonly kernels: readonly ReportKernel[]
  readonly cases: readonly Case[]
  /** Control kernels of the run: their known answer is the claim for their own case. */
  readonly controls: readonly Control[]
  /** The machines of a check. */
  readonly hosts?: readonly CheckedHost[]
  /** The providers' kernels of the run's series when it was planned; null or absent when the run did not store them. */
  readonly listing?: readonly KnownKernel[] | null
  /** What was found before of the entries at boundaries. */
  readonly knownEntries?: KnownEntries
  /** In any order; at most one cell for a kernel and a case. */
  readonly cells: readonly JudgedCell[]
  /** The claim sources of the kernels, by id; without them the case's own data is the only source. */
  readonly claimSources?: ReadonlyMap<string, KernelClaimSources>
}

/** Build the Report; the same inputs in any order give the same report. Throws InvariantError for cells outside the run. */
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
  const entriesBetween = createEntriesBetween(kernels, cases, parts.knownEntries)
  const shown = cases.map(caseForReport)
  const shipped = kernels.filter(({ id }) => !isControl(parts.controls, id))
  // Between the kernels of two machines or disks lies no release, and what their vendors list says nothing of stable releases.
  const released = shipped.filter(({ provider }) => provider !== 'host' && provider !== 'image')
  return {
    schema: 'kwitness.report/2',
    run: parts.run,
    headline: contradictionsOf({ kernels, cases: shown, cells }),
    caseContradictions: contradictionsOfRun(released, cases, (id) => parts.claimSources?.get(id)),
    kernels,
    ...(parts.hosts ? { hosts: markDifferences({ kernels, cases: shown, cells, hosts: parts.hosts }) } : {}),
    controls: parts.controls.toSorted((a, b) => compareText(a.kernel, b.kernel)),
    cases: shown,
    cells,
    boundaries: boundariesOf(released, cells, parts.listing).map((boundary) => ({
      ...boundary,
      entries: entriesBetween(boundary, parts.claimSources?.get(boundary.after)?.changelog ?? null),
    })),
    timelines: timelinesOf(released, cells, parts.listing),
    counts: countVerdicts(cells),
  }
}

/** Whether a kernel is a control, which says nothing about its series. */
function isControl(controls: readonly Control[], kernel: string): boolean {
  return controls.some((control) => control.kernel === kernel)
}

/** The claim of a cell: how a control was made for its own case, else the claim sources. */
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
    if (!row || !column) throw new InvariantError(`cell ${name} does not belong to a kernel and a case of the run`)
    if (seen.has(name)) throw new InvariantError(`cell ${name} appears twice`)
    seen.add(name)
    return { cell, kernel: row.kernel, theCase: column.theCase, position: row.index * cases.length + column.index }
  })
  return placed.toSorted((a, b) => a.position - b.position)
}

/** The part of a case in a report: without its folder on this machine. */
function caseForReport(theCase: Case): ReportCase {
  const { id, title, subsystem, symptom, oracle, fixes, introduced, references } = theCase
  return { id, title, subsystem, symptom, oracle, fixes, introduced, references }
}
