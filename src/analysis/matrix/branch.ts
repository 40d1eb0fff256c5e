/** Lines: the kernels of one series, flavour and architecture in version order, with those that are known and were not asked. */
import type { Verdict } from '#domain/judgement.ts'
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { Untested } from '#domain/report/matrix.ts'
import { compareKernels, compareText } from './matrix.ts'

export interface JudgedCell {
  readonly kernel: string
  readonly case: string
  readonly verdict: Verdict
  readonly missChance?: number | null
}

/** A kernel of a line, and what it said about one case: undefined when it was not asked. */
export interface Place {
  readonly kernel: Kernel
  readonly gone: boolean
  readonly cell: JudgedCell | undefined
}

export interface Line {
  readonly case: string
  readonly series: string
  readonly flavour: string
  readonly arch: Kernel['arch']
  /** Never empty, in version order. */
  readonly places: readonly Place[]
  /** Whether somebody lists what there is beside the kernels that were asked. */
  readonly isListed: boolean
}

/**
 * The lines of every case, by case and then in kernel order. Flavours and architectures are followed apart: a difference between
 * two flavours of one version is one of configuration. Of `listing` those kernels are taken that belong to a line of the run.
 */
export function linesOf(
  kernels: readonly Kernel[],
  cells: readonly JudgedCell[],
  listing: readonly KnownKernel[] | null,
): Line[] {
  const asked = Map.groupBy(kernels, lineOf)
  const listed = Map.groupBy(listing ?? [], lineOf)
  const lines = [...asked].map(([name, own]) => {
    const others = (listed.get(name) ?? []).filter(({ id }) => !own.some((kernel) => kernel.id === id))
    const all = [...own.map((kernel) => ({ kernel, gone: false })), ...others.map((kernel) => ({ kernel, gone: kernel.gone }))]
    return { places: all.toSorted((a, b) => compareKernels(a.kernel, b.kernel)), isListed: listed.has(name) }
  })
  const ordered = lines.toSorted((a, b) => compareFirst(a.places, b.places))
  const cases = [...Map.groupBy(cells, (cell) => cell.case)].toSorted(([a], [b]) => compareText(a, b))
  return cases.flatMap(([name, column]) => {
    const byKernel = new Map(column.map((cell) => [cell.kernel, cell]))
    return ordered.map(({ places, isListed }): Line => ({
      case: name,
      ...identity(places),
      isListed,
      places: places.map((place) => ({ ...place, cell: byKernel.get(place.kernel.id) })),
    }))
  })
}

/** Whether a kernel answered with yes or no. */
export function answers({ cell }: Place): boolean {
  return cell?.verdict === 'carries' || cell?.verdict === 'lacks'
}

/** Why a kernel without an answer has none. */
export function untestedOf({ kernel, gone, cell }: Place): Untested {
  const verdict = cell?.verdict
  const said = verdict === 'carries' || verdict === 'lacks' ? undefined : verdict
  return { kernel: kernel.id, version: kernel.version, why: said ?? (gone ? 'gone' : 'not asked') }
}

/** What names the line a kernel belongs to. */
export function lineOf({ series, arch, flavour }: Pick<Kernel, 'series' | 'arch' | 'flavour'>): string {
  return [series, arch, flavour].join('/')
}

function identity(places: readonly { readonly kernel: Kernel }[]): Pick<Line, 'series' | 'flavour' | 'arch'> {
  const [first] = places
  return { series: first?.kernel.series ?? '', flavour: first?.kernel.flavour ?? '', arch: first?.kernel.arch ?? 'x86_64' }
}

function compareFirst(a: readonly { readonly kernel: Kernel }[], b: readonly { readonly kernel: Kernel }[]): number {
  const [left, right] = [a[0]?.kernel, b[0]?.kernel]
  return left && right ? compareKernels(left, right) : 0
}
