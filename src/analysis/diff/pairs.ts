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
 * that is new, and the other is the only one of that version that is gone; a file of the user also where that holds of the files
 * of its series, because what a build leaves at a path has whatever version the user builds. What is new beside that is compared
 * with its predecessor: the newest older kernel of its branch that the older run has. Control kernels have no predecessor, and
 * are none.
 */
export function pairKernels(before: Paired, after: Paired): KernelPair[] {
  const older = new Map(before.kernels.map((kernel) => [kernel.id, kernel]))
  const replaced = replacedBy(before, after)
  const controls = new Set([...before.controls, ...after.controls].map(({ kernel }) => kernel))
  const pairs = after.kernels.map((kernel): KernelPair => {
    const same = older.get(kernel.id)
    if (same) return { before: same, after: kernel, relation: 'same' }
    const former = replaced.get(kernel.id)
    if (former) return { before: former, after: kernel, relation: 'replaced' }
    const predecessor = controls.has(kernel.id) ? undefined : predecessorOf(kernel, before.kernels, controls)
    return { before: predecessor ?? null, after: kernel, relation: predecessor ? 'predecessor' : null }
  })
  const paired = new Set(pairs.flatMap(({ before: kernel, relation }) => (kernel && relation !== 'predecessor' ? kernel.id : [])))
  const left = before.kernels.filter(({ id }) => !paired.has(id))
  return [...pairs, ...left.map((kernel): KernelPair => ({ before: kernel, after: null, relation: null }))]
}

/** By id of a kernel that only the newer run has, the one of the older run that it stands in for. */
function replacedBy(before: Paired, after: Paired): Map<string, ReportKernel> {
  const found = new Map<string, ReportKernel>()
  const [had, has] = [before, after].map(({ kernels }) => new Set(kernels.map(({ id }) => id)))
  const keys: readonly ((kernel: ReportKernel) => string | null)[] = [versionKey, fileKey]
  for (const keyOf of keys) {
    const taken = new Set([...found.values()].map(({ id }) => id))
    const gone = Map.groupBy(
      before.kernels.filter(({ id }) => !has?.has(id) && !taken.has(id)),
      keyOf,
    )
    const appeared = Map.groupBy(
      after.kernels.filter(({ id }) => !had?.has(id) && !found.has(id)),
      keyOf,
    )
    for (const [key, [kernel, ...more]] of appeared) {
      const [former, ...others] = gone.get(key) ?? []
      if (key !== null && kernel && former && more.length === 0 && others.length === 0) found.set(kernel.id, former)
    }
  }
  return found
}

function versionKey({ version, arch }: ReportKernel): string {
  return `${version} ${arch}`
}

/** The series of a file of the user; null of any other kernel. */
function fileKey(kernel: ReportKernel): string | null {
  return kernel.provider === 'file' ? branchName(kernel) : null
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
