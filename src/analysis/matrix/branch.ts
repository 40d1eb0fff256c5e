/** Lines: the kernels of one series, flavour and architecture in version order, with those that are known and were not asked. */
import type { Verdict } from '#domain/judgement.ts'
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { Untested } from '#domain/report/matrix.ts'
import { compareKernels, compareText } from './matrix.ts'

export interface CellVerdict {
  readonly kernel: string
  readonly case: string
  readonly verdict: Verdict
  readonly missProbability?: number | null
}

/** A kernel of a line, and what it said about one case: undefined when it was not asked. */
export interface BranchKernel {
  readonly kernel: Kernel
  readonly notOnMirror: boolean
  readonly cell: CellVerdict | undefined
}

export interface Branch {
  readonly case: string
  readonly series: string
  readonly flavour: string
  readonly arch: Kernel['arch']
  /** Never empty, in version order. */
  readonly kernels: readonly BranchKernel[]
  /** Whether somebody lists what there is beside the kernels that were asked. */
  readonly isListed: boolean
}

/**
 * The lines of every case, by case and then in kernel order. Flavours and architectures are followed apart: a difference between
 * two flavours of one version is one of configuration. Of `listing` those kernels are taken that belong to a line of the run.
 */
export function branchesOf(
  kernels: readonly Kernel[],
  cells: readonly CellVerdict[],
  listing: readonly KnownKernel[] | null,
): Branch[] {
  const asked = Map.groupBy(kernels, branchName)
  const listed = Map.groupBy(listing ?? [], branchName)
  const lines = [...asked].map(([name, own]) => {
    const others = (listed.get(name) ?? []).filter(({ id }) => !own.some((kernel) => kernel.id === id))
    const all = [
      ...own.map((kernel) => ({ kernel, notOnMirror: false })),
      ...others.map((kernel) => ({ kernel, notOnMirror: kernel.notOnMirror })),
    ]
    return { places: all.toSorted((a, b) => compareKernels(a.kernel, b.kernel)), isListed: listed.has(name) }
  })
  const ordered = lines.toSorted((a, b) => compareFirst(a.places, b.places))
  const cases = [...Map.groupBy(cells, (cell) => cell.case)].toSorted(([a], [b]) => compareText(a, b))
  return cases.flatMap(([name, column]) => {
    const byKernel = new Map(column.map((cell) => [cell.kernel, cell]))
    return ordered.map(({ places, isListed }): Branch => ({
      case: name,
      ...identity(places),
      isListed,
      kernels: places.map((place) => ({ ...place, cell: byKernel.get(place.kernel.id) })),
    }))
  })
}

/** Whether a kernel answered with yes or no. */
export function answers({ cell }: BranchKernel): boolean {
  return cell?.verdict === 'carries' || cell?.verdict === 'lacks'
}

/** Why a kernel without an answer has none. */
export function untestedOf({ kernel, notOnMirror, cell }: BranchKernel): Untested {
  const verdict = cell?.verdict
  const said = verdict === 'carries' || verdict === 'lacks' ? undefined : verdict
  return { kernel: kernel.id, version: kernel.version, reason: said ?? (notOnMirror ? 'not-on-mirror' : 'not-tested') }
}

/** What names the line a kernel belongs to. */
export function branchName({ series, arch, flavour }: Pick<Kernel, 'series' | 'arch' | 'flavour'>): string {
  return [series, arch, flavour].join('/')
}

function identity(places: readonly { readonly kernel: Kernel }[]): Pick<Branch, 'series' | 'flavour' | 'arch'> {
  const [first] = places
  return { series: first?.kernel.series ?? '', flavour: first?.kernel.flavour ?? '', arch: first?.kernel.arch ?? 'x86_64' }
}

function compareFirst(a: readonly { readonly kernel: Kernel }[], b: readonly { readonly kernel: Kernel }[]): number {
  const [left, right] = [a[0]?.kernel, b[0]?.kernel]
  return left && right ? compareKernels(left, right) : 0
}
