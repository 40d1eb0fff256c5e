/** The stored verdicts of the Debian kernel that is nearest to the kernel of a machine. */
import { patchDistance } from '#domain/version.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { NearestKernel } from '#domain/report/host.ts'
import { planOf } from '#plan/stored-plan.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { buildRunReport } from '../report/build-report.ts'

/** Runs that are looked at, the newest first: an older one was made by other cases. */
const MAX_RUNS = 20

interface Candidate {
  readonly run: RunRecord
  readonly kernel: Kernel
}

/** The nearest Debian kernel of the series in the newest runs, the same build before any other; null where there is none. */
async function candidateFor(store: ReadRuns, own: Kernel): Promise<Candidate | null> {
  const runs = (await store.listRuns()).toReversed().filter(({ finishedAt }) => finishedAt !== null)
  const found: Candidate[] = []
  for (const run of runs.slice(0, MAX_RUNS)) {
    const plan = planOf(run)
    if (plan.kind !== 'matrix') continue
    const kernels = plan.kernels.filter(({ provider, series }) => provider === 'debian' && series === own.series)
    found.push(...kernels.map((kernel) => ({ run, kernel })))
  }
  const distance = ({ kernel }: Candidate): number =>
    patchDistance(kernel.version, own.version) * 2 + Number(kernel.build !== own.build)
  return found.toSorted((a, b) => distance(a) - distance(b))[0] ?? null
}

/** The verdicts of the nearest Debian kernel; null where no stored run has one of the series. */
export async function nearestOf(store: ReadRuns, own: Kernel): Promise<NearestKernel | null> {
  const found = await candidateFor(store, own)
  if (found === null) return null
  const { run, kernel } = found
  const { report } = await buildRunReport(store, run)
  const cells = report.cells.filter((cell) => cell.kernel === kernel.id)
  const verdicts = Object.fromEntries(cells.map((cell) => [cell.case, cell.verdict]))
  return { kernel: kernel.id, version: kernel.version, run: run.id, verdicts }
}
