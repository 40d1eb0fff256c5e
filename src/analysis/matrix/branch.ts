/** Branches: the kernels of one series, flavour and architecture in version order, including known ones that were not tested. */
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

/** A kernel of a branch, and its cell for one case: undefined when it was not tested. */
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
  /** Whether a listing names the kernels that were not tested. */
  readonly isListed: boolean
}

/**
 * The branches of every case, by case and then in kernel order. Flavours and architectures are separate branches, because two
 * flavours of one version differ by configuration. Kernels of `listing` outside the branches of the run are ignored.
 */
export function branchesOf(
  kernels: readonly Kernel[],
  cells: readonly CellVerdict[],
  listing: readonly KnownKernel[] | null,
): Branch[] {
  const tested = Map.groupBy(kernels, branchName)
  const listed = Map.groupBy(listing ?? [], branchName)
  const branches = [...tested].map(([name, own]) => {
    const others = (listed.get(name) ?? []).filter(({ id }) => !own.some((kernel) => kernel.id === id))
    const all = [
      ...own.map((kernel) => ({ kernel, notOnMirror: false })),
      ...others.map((kernel) => ({ kernel, notOnMirror: kernel.notOnMirror })),
    ]
    return { members: all.toSorted((a, b) => compareKernels(a.kernel, b.kernel)), isListed: listed.has(name) }
  })
  const ordered = branches.toSorted((a, b) => compareFirst(a.members, b.members))
  const cases = [...Map.groupBy(cells, (cell) => cell.case)].toSorted(([a], [b]) => compareText(a, b))
  return cases.flatMap(([name, column]) => {
    const byKernel = new Map(column.map((cell) => [cell.kernel, cell]))
    return ordered.map(({ members, isListed }): Branch => ({
      case: name,
      ...identity(members),
      isListed,
      kernels: members.map((member) => ({ ...member, cell: byKernel.get(member.kernel.id) })),
    }))
  })
}

/** Whether the verdict of a kernel is carries or lacks. */
export function answers({ cell }: BranchKernel): boolean {
  return cell?.verdict === 'carries' || cell?.verdict === 'lacks'
}

/** A kernel without an answer, with the reason. */
export function untestedOf({ kernel, notOnMirror, cell }: BranchKernel): Untested {
  const verdict = cell?.verdict
  const reason = verdict === 'carries' || verdict === 'lacks' ? undefined : verdict
  return { kernel: kernel.id, version: kernel.version, reason: reason ?? (notOnMirror ? 'not-on-mirror' : 'not-tested') }
}

/** The name of a kernel's branch: `6.1.y/x86_64/cloud-amd64`. */
export function branchName({ series, arch, flavour }: Pick<Kernel, 'series' | 'arch' | 'flavour'>): string {
  return [series, arch, flavour].join('/')
}

function identity(members: readonly { readonly kernel: Kernel }[]): Pick<Branch, 'series' | 'flavour' | 'arch'> {
  const [first] = members
  return { series: first?.kernel.series ?? '', flavour: first?.kernel.flavour ?? '', arch: first?.kernel.arch ?? 'x86_64' }
}

function compareFirst(a: readonly { readonly kernel: Kernel }[], b: readonly { readonly kernel: Kernel }[]): number {
  const [left, right] = [a[0]?.kernel, b[0]?.kernel]
  return left && right ? compareKernels(left, right) : 0
}
