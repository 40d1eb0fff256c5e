/** The report of a stored run, judged anew by today's rules. */
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import type { Plan } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import type { BuildReportOptions } from '#run/report/build-report.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import type { RunRecord } from '#store/ports.ts'
import { scanRuns } from '#run/results/scan.ts'
import { printProblems, tellSkipped } from './problems.ts'

type Loaded = { readonly kind: 'cases'; readonly report: Report } | { readonly kind: 'suite'; readonly report: SuiteReport }

interface LoadOptions {
  /** Folder of a git tree to ask. */
  readonly history?: string | undefined
}

export type ReadingStore = Awaited<ReturnType<typeof openStoreForReading>>

/** The store that work under way has open, and for how many it is. */
let shared: { readonly opened: Promise<ReadingStore>; users: number } | null = null

/**
 * Do something with the store, and close it. Work inside other work has the same store: what was read and judged through it is
 * known then, such as the attempts that two runs share.
 */
export async function withStore<T>(work: (store: ReadingStore) => Promise<T>): Promise<T> {
  const own = (shared ??= { opened: openStoreForReading(findWorkspace().state), users: 0 })
  own.users += 1
  try {
    return await work(await own.opened)
  } finally {
    own.users -= 1
    if (own.users === 0) {
      shared = null
      await own.opened.then((store) => store.close()).catch(() => undefined)
    }
  }
}

/** Do work that reads several stored runs, if any: they share one open store. */
export function withOneStore<T>(work: () => Promise<T>): Promise<T> {
  return hasStore(findWorkspace().state) ? withStore(work) : work()
}

/** The report of a run of cases, with what the store could not give back told on stderr. */
export async function reportOfRun(store: ReadingStore, run: RunRecord, options: BuildReportOptions = {}): Promise<Report> {
  const { buildRunReport } = await import('#run/report/build-report.ts')
  const { report, problems } = await buildRunReport(store, run, options)
  printProblems(problems)
  return report
}

/** The newest run that can be read; null without one. */
async function newestRun(store: ReadingStore): Promise<RunRecord | null> {
  for await (const { run } of scanRuns(store, tellSkipped)) return run
  return null
}

/** What a git tree says of the fixes of a plan. Throws UserError for an incomplete git tree. */
async function readGitTree(folder: string, plan: Plan) {
  const { gitTreeSourcesOf } = await import('#run/report/fetch-claim-sources.ts')
  return gitTreeSourcesOf(folder, plan, { workspace: findWorkspace() })
}

/** Load the run of this id, the newest where it is undefined. Throws UserError where no run is stored. */
export function loadReport(id: string | undefined, { history }: LoadOptions): Promise<Loaded> {
  return withStore(async (store) => {
    const run = id === undefined ? await newestRun(store) : await store.readRun(id)
    if (run === null) throw new UserError('no run is stored yet', 'kwitness run makes one')
    const plan = planOf(run)
    if (plan.kind === 'suite') {
      const { suiteReportOf } = await import('./suite.ts')
      return { kind: 'suite', report: await suiteReportOf(store, run) }
    }
    const gitTreeSources = history === undefined ? undefined : await readGitTree(history, plan)
    return { kind: 'cases', report: await reportOfRun(store, run, { gitTreeSources }) }
  })
}
