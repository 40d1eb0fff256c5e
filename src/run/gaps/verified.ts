/** Finds, for each gap, a patch that a stored verification has seen fix it in that series. */
import { verificationOf } from '#analysis/verify/report.ts'
import type { GapFix, GapReport } from '#domain/report/gaps.ts'
import type { ReadRuns } from '#store/ports.ts'
import { buildRunReport } from '../report/build-report.ts'
import { isFinished, scanRuns, type OnSkipped } from '../results/scan.ts'

/** Verifications that are looked at, the newest first: each is judged anew. */
const MAX_VERIFICATIONS = 100

/** The same report with the newest verified patch for each gap. */
export async function withVerified(report: GapReport, store: ReadRuns, onSkipped: OnSkipped): Promise<GapReport> {
  if (report.gaps.length === 0) return report
  const wanted = new Set(report.gaps.map(({ series, case: id }) => `${series} ${id}`))
  const found = new Map<string, GapFix>()
  let count = 0
  for await (const { run, plan } of scanRuns(store, onSkipped, isFinished)) {
    if (plan.kind !== 'verify') continue
    const series = new Map(plan.kernels.map((kernel) => [kernel.id, kernel.series]))
    const names = plan.verify.bases.flatMap((base) => plan.verify.targets.map((id) => `${series.get(base.kernel)} ${id}`))
    if (!names.some((name) => wanted.has(name) && !found.has(name))) continue
    count += 1
    if (count > MAX_VERIFICATIONS) break
    const { report: own } = await buildRunReport(store, run)
    for (const { kernel, label, status } of verificationOf(plan.verify, own).bases) {
      if (status !== 'fixes') continue
      const patch = plan.verify.patches.map(({ name }) => name).join(', ')
      for (const id of plan.verify.targets) {
        const name = `${series.get(kernel)} ${id}`
        if (!found.has(name)) found.set(name, { patch, base: label, run: run.id })
      }
    }
  }
  return { ...report, gaps: report.gaps.map((gap) => ({ ...gap, verified: found.get(`${gap.series} ${gap.case}`) ?? null })) }
}
