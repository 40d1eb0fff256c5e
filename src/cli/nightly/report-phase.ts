/** The third phase: what changed, the pages, and the notice. All of it is made from the store, so it can be made again. */
import { diffNights, hasChanges, unfinishedOf } from '#analysis/diff/nights.ts'
import { nightOf } from '#analysis/night.ts'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'
import type { GapReport } from '#domain/report/gaps.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { Night } from '#domain/report/night.ts'
import type { Notice } from '#domain/report/notice.ts'
import { withSeverity } from '#run/gaps/severity.ts'
import { titleOf } from '#render/notice/phrases.ts'
import { loadGaps } from './gaps.ts'
import { confirmationsOf } from './confirm-phase.ts'
import { loadReports, note, noteProblem, type NightContext } from './context.ts'
import { writeSite } from './site.ts'
import { writeNight } from './state.ts'

/** Compare, write the night and the site, and note the notice (null where the night is silent). */
export async function reportPhase(context: NightContext): Promise<Night> {
  const { config, places, state } = context
  if (state.run === null) throw new InvariantError('a night is reported before it ran')
  context.describe('writing the report')
  const { tonight, before } = await loadReports(state.run, state.earlier)
  const failed = new Set(state.failed)
  const diff = diffNights(before, tonight, { failed, history: await confirmationsOf(context) })
  const facts = { key: state.run, endedAt: state.notice?.at ?? new Date().toISOString(), diff, failed }
  const night = nightOf(tonight, { ...facts, problems: state.problems })
  await writeNight(places, night)
  if (config.site !== null) {
    try {
      await writeSite(context, { tonight, gaps: await gapsOrNone(context, tonight.run.id) }, config.site)
    } catch (error) {
      if (!(error instanceof InfraError)) throw error
      await noteProblem(context, `the site could not be written: ${error.message}`)
    }
  }
  await note(context, { notice: noticeOf(context, tonight, night, facts.endedAt) })
  return night
}

/** The gaps of the night; null for a night of kernels that no mirror lists. */
async function gapsOrNone(context: NightContext, run: string): Promise<GapReport | null> {
  const orNull = (error: unknown): null => {
    if (error instanceof UserError) return null
    throw error
  }
  const gaps = await loadGaps(run, undefined, undefined).catch(orNull)
  const source = context.config.site?.severity
  if (gaps === null || source === undefined) return gaps
  return withSeverity(gaps, source).catch(async (error: unknown) => {
    orNull(error)
    await noteProblem(context, `the page of gaps has no severities: ${(error as Error).message}`)
    return gaps
  })
}

function noticeOf({ config, state }: NightContext, tonight: Report, night: Night, at: string): Notice | null {
  const { site, notify, name } = config
  const isQuiet = notify.when === 'changes' && night.diff !== null && !hasChanges(night.diff) && state.problems.length === 0
  if (isQuiet) return null
  return {
    schema: 'kwitness.notice/1',
    key: `${name.replaceAll('_', '-')}-${night.key}`,
    name,
    at,
    failure: null,
    run: {
      id: tonight.run.id,
      startedAt: tonight.run.startedAt,
      unfinished: unfinishedOf(tonight, new Set(state.failed)).length,
    },
    counts: tonight.counts,
    diff: night.diff,
    problems: state.problems,
    url: site?.url === undefined ? null : new URL(`nights/${night.key}/index.html`, withSlash(site.url)).href,
  }
}

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`)

/** One line about a night, for whoever started it. */
export function nightLine({ config }: Pick<NightContext, 'config'>, night: Night): string {
  const { run, startedAt, unfinished, counts, diff, problems } = night
  const { name } = config
  return titleOf({ name, failure: null, run: { id: run, startedAt, unfinished }, counts, diff, problems })
}
