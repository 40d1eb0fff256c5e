/** What explain and replay show of attempts beside their judgement: the case's own diagnostics, and where the logs lie. */
import { createLineReader } from '#console/lines.ts'
import type { AttemptRecord, LogPaths, ReadRuns } from '#store/ports.ts'

export interface AttemptDetails {
  /** Lines that the case printed for people, `# ...`, in order; none where its output is damaged. */
  readonly diagnostics: readonly string[]
  readonly files: LogPaths
}

/** By the name of each attempt of a result, in the order they were made. */
export async function attemptDetails(
  store: ReadRuns,
  run: string,
  { kernel, case: theCase }: { readonly kernel: string; readonly case: string },
): Promise<ReadonlyMap<string, AttemptDetails>> {
  const { attempts } = await store.attemptsOf(run)
  const own = attempts.filter(({ evidence: { job } }) => job.kernel === kernel && job.case === theCase)
  return new Map(await Promise.all(own.map(async (record) => [record.id, await detailsOf(store, record)] as const)))
}

async function detailsOf(store: ReadRuns, record: AttemptRecord): Promise<AttemptDetails> {
  const { output } = await store.readLogs(record)
  return { diagnostics: output === null ? [] : diagnosticsIn(output), files: store.logPaths(record) }
}

/** The diagnostics in the output of a case, without indentation; the heads of subtests are none. */
export function diagnosticsIn(output: Uint8Array): string[] {
  const found: string[] = []
  const reader = createLineReader((line) => {
    const text = line.trim()
    if (text.startsWith('#') && !text.startsWith('# Subtest:')) found.push(text)
  })
  reader.push(output)
  reader.finish()
  return found
}
