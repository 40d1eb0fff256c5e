/** The stored verdicts of the Debian kernel that is nearest to the kernel of a machine. */
import { patchDistance } from '#domain/version.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { NearestKernel } from '#domain/report/host.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { buildRunReport } from '../report/build-report.ts'
import { isFinished, scanRuns, type OnSkipped } from '../results/scan.ts'

/** Runs that are looked at, the newest first: an older one was made by other cases. */
const MAX_RUNS = 20

interface Candidate {
  readonly run: RunRecord
  readonly kernel: Kernel
}

/** The nearest Debian kernel of the series in the newest runs, the same build before any other; null where there is none. */
async function candidateFor(store: ReadRuns, own: Kernel, onSkipped: OnSkipped): Promise<Candidate | null> {
  const found: Candidate[] = []
  let read = 0
  for await (const { run, plan } of scanRuns(store, onSkipped, isFinished)) {
    read += 1
    if (read > MAX_RUNS) break
    if (plan.kind !== 'matrix') continue
    const kernels = plan.kernels.filter(({ provider, series }) => provider === 'debian' && series === own.series)
    found.push(...kernels.map((kernel) => ({ run, kernel })))
  }
  const distance = ({ kernel }: Candidate): number =>
    patchDistance(kernel.version, own.version) * 2 + Number(kernel.build !== own.build)
  return found.toSorted((a, b) => distance(a) - distance(b))[0] ?? null
}

/** The verdicts of the nearest Debian kernel; null where no stored run has one of the series. */
export async function nearestOf(store: ReadRuns, own: Kernel, onSkipped: OnSkipped): Promise<NearestKernel | null> {
  const found = await candidateFor(store, own, onSkipped)
  if (found === null) return null
  const { run, kernel } = found
  const { report } = await buildRunReport(store, run)
  const cells = report.cells.filter((cell) => cell.kernel === kernel.id)
  const verdicts = Object.fromEntries(cells.map((cell) => [cell.case, cell.verdict]))
  return { kernel: kernel.id, version: kernel.version, run: run.id, verdicts }
}
