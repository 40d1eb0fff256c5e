/** The report of a stored run, judged anew by today's rules. */
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import { planOf } from '#plan/stored-plan.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { gitTreeSourcesOf } from '#run/report/claim-sources.ts'
import { openStoreForReading } from '#store/index.ts'
import { printProblems } from './problems.ts'
import { suiteReportOf } from './suite.ts'

type Loaded = { readonly kind: 'cases'; readonly report: Report } | { readonly kind: 'suite'; readonly report: SuiteReport }

interface LoadOptions {
  /** Folder of a git tree to ask. */
  readonly history?: string | undefined
}

/** Load the run of this id, the newest where it is undefined. Throws UserError where no run is stored. */
export async function loadReport(id: string | undefined, { history }: LoadOptions): Promise<Loaded> {
  const workspace = findWorkspace()
  const store = await openStoreForReading(workspace.state)
  try {
    const run = id === undefined ? await store.newestRun() : await store.readRun(id)
    if (run === null) throw new UserError('no run is stored yet', 'kwitness run makes one')
    const plan = planOf(run)
    if (plan.kind === 'suite') return { kind: 'suite', report: await suiteReportOf(store, run) }
    const histories = history === undefined ? undefined : await gitTreeSourcesOf(history, plan, { workspace })
    const { report: loaded, problems } = await buildRunReport(store, run, { gitTreeSources: histories })
    printProblems(problems)
    return { kind: 'cases', report: loaded }
  } finally {
    store.close()
  }
}
