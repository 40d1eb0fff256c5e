/** Which kernel of an older run a kernel of a newer one is compared with. */
import type { Report, ReportKernel } from '#domain/report/matrix.ts'
import { branchName } from '../matrix/branch.ts'
import { compareKernels } from '../matrix/matrix.ts'

/** How the kernel of the older run relates to that of the newer one. */
type Relation = 'same' | 'replaced' | 'predecessor'

export interface KernelPair {
  readonly before: ReportKernel | null
  readonly after: ReportKernel | null
  /** Null where only one run has a kernel. */
  readonly relation: Relation | null
}

/** As much of a report as is paired. */
type Paired = Pick<Report, 'kernels' | 'controls'>

/**
 * Pair the kernels of two runs. A kernel with another id counts as the same one replaced where it is the only one of its version
 * that is new, and the other is the only one of that version that is gone. What is new beside that is compared with its
 * predecessor: the newest older kernel of its branch that the older run has. Control kernels have no predecessor, and are none.
 */
export function pairKernels(before: Paired, after: Paired): KernelPair[] {
  const older = new Map(before.kernels.map((kernel) => [kernel.id, kernel]))
  const newer = new Map(after.kernels.map((kernel) => [kernel.id, kernel]))
  const gone = Map.groupBy(
    before.kernels.filter(({ id }) => !newer.has(id)),
    versionKey,
  )
  const appeared = Map.groupBy(
    after.kernels.filter(({ id }) => !older.has(id)),
    versionKey,
  )
  const controls = new Set([...before.controls, ...after.controls].map(({ kernel }) => kernel))
  const replaced = new Set<string>()
  const pairs = after.kernels.map((kernel): KernelPair => {
    const same = older.get(kernel.id)
    if (same) return { before: same, after: kernel, relation: 'same' }
    const [only, ...more] = gone.get(versionKey(kernel)) ?? []
    if (only && more.length === 0 && appeared.get(versionKey(kernel))?.length === 1) {
      replaced.add(only.id)
      return { before: only, after: kernel, relation: 'replaced' }
    }
    const predecessor = controls.has(kernel.id) ? undefined : predecessorOf(kernel, before.kernels, controls)
    return { before: predecessor ?? null, after: kernel, relation: predecessor ? 'predecessor' : null }
  })
  const left = before.kernels.filter(({ id }) => !newer.has(id) && !replaced.has(id))
  return [...pairs, ...left.map((kernel): KernelPair => ({ before: kernel, after: null, relation: null }))]
}

function versionKey({ version, arch }: ReportKernel): string {
  return `${version} ${arch}`
}

function predecessorOf(
  kernel: ReportKernel,
  among: readonly ReportKernel[],
  controls: ReadonlySet<string>,
): ReportKernel | undefined {
  return among
    .filter((one) => !controls.has(one.id) && branchName(one) === branchName(kernel) && compareKernels(one, kernel) < 0)
    .toSorted(compareKernels)
    .at(-1)
}
