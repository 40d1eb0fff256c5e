/**
 * Reports as far as runs are compared. Of a finished run this is kept, so that two nights are compared without reading what each
 * attempt came to; it is made again when the rules, the plan, the attempts or the claim sources are others.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ComparedReport } from '#domain/report/diff.ts'
import { comparedSchema, keptSchema } from '#schema/report/compared.ts'
import { readJson } from '#schema/read.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { openDerived } from './derived.ts'

/** A comparison reads a report a thousand times as large at once: this is compressed tenfold in a hundredth of a second. */
const LEVEL = 3

/** What was kept of the report of a run; null where nothing was. */
export async function knownCompared(store: ReadRuns, run: RunRecord): Promise<ComparedReport | null> {
  if (run.finishedAt === null) return null
  const derived = await openDerived(store.derived)
  const kept = derived.read('compared', await partsOf(store, run), keptSchema)
  if (kept === null) return null
  try {
    return readJson(comparedSchema, inflateRawSync(Buffer.from(kept.deflated, 'base64')).toString('utf8'))
  } catch {
    return null
  }
}

/**
 * Keep as much of a report as is compared. Not of a run under way, nor where a kernel has no attempt: what is known of its image
 * may change.
 */
export async function keepCompared(store: ReadRuns, run: RunRecord, report: ComparedReport): Promise<void> {
  const tried = new Set(report.cells.flatMap(({ kernel, attempts }) => (attempts.length > 0 ? [kernel] : [])))
  if (run.finishedAt === null || report.kernels.some(({ id }) => !tried.has(id))) return
  const derived = await openDerived(store.derived)
  const json = JSON.stringify(comparedOf(report))
  derived.keep('compared', await partsOf(store, run), { deflated: deflateRawSync(json, { level: LEVEL }).toString('base64') })
  derived.flush()
}

/** All that a report is made of, beside the rules. */
async function partsOf(store: ReadRuns, { id, startedAt, finishedAt, plan }: RunRecord): Promise<readonly unknown[]> {
  const sources = await store.claimSourcesOf(id)
  const changelogs = new Set(sources.flatMap(({ changelog }) => (changelog && 'sha256' in changelog ? [changelog.sha256] : [])))
  const stored = [...changelogs].map((sha256) => store.changelogFingerprint(sha256))
  return [id, startedAt, finishedAt, plan, store.attemptsStamp(id), sources, stored]
}

function comparedOf({ run, kernels, controls, cases, cells }: ComparedReport): ComparedReport {
  return {
    run: { id: run.id, startedAt: run.startedAt, complete: run.complete },
    kernels,
    controls,
    cases: cases.map(({ id, title }) => ({ id, title })),
    cells: cells.map(({ kernel, case: theCase, profile, verdict, claim, claimSource, finding, summary, attempts }) => {
      const decided = attempts.at(-1)
      const shown = { kernel, case: theCase, profile, verdict, claim, claimSource, finding, summary }
      return { ...shown, attempts: decided ? [{ id: decided.id }] : [] }
    }),
  }
}
