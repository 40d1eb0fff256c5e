/** Finds a stored result by any of its names, in the newest run that holds it. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { cellsOf, type Cell } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { matchResults, type NamedRun, type NameMatch } from './names.ts'
import { readScanned, readWithPlan, type ScannedRun } from './scan.ts'

/** A stored result. The caller closes the store. */
export interface FoundResult {
  readonly store: ReadRuns
  readonly run: RunRecord
  /** `run 2026-01-31-1`, with the store it is in where that is not the one of reports. */
  readonly runName: string
  readonly plan: Plan
  readonly cell: Cell
  /** Name of the attempt that the text means; null where it means all of the result. */
  readonly attempt: string | null
}

/** A run that holds what a text may mean. */
interface Candidate {
  readonly run: RunRecord
  readonly plan: Plan
  readonly matches: readonly NameMatch[]
}

interface Search {
  readonly text: string
  /** The one run to look in; undefined for all. */
  readonly run: string | undefined
  /** A line about each run that cannot be read. */
  readonly skipped: string[]
  /** Whether any store has that one run. */
  hasRun: boolean
}

/** Of equal rank, a run that made no attempt at the result yet comes behind all that did. */
const NOT_MADE = 10

/** Letters of a name that are enough to look for what was meant, and results that are named then. */
const MIN_PART = 3
const MAX_NEAR = 4
/** Candidates named in a refusal. */
const MAX_NAMED = 12

/**
 * Find the result that `text` means, in the run `id` or else in the newest that holds it: runs of reports first, then those of
 * bisections. A name counts more than an abbreviation, whatever its run. Throws UserError for a text that means none or several.
 */
export async function findResult(state: string, text: string, id: string | undefined): Promise<FoundResult> {
  const plain = cleaned(text)
  // The path of evidence says of which run it is.
  const [, ownRun, ownName] = /(?:^|\/)(\d{4}-\d\d-\d\d-\d+)\/(.+)$/.exec(plain) ?? []
  const [wanted, run] = id === undefined && ownRun !== undefined ? [ownName ?? '', ownRun] : [plain, id]
  const search: Search = { text: wanted, run, skipped: [], hasRun: false }
  for (const folder of await storesIn(state)) {
    const store = await openStoreForReading(folder)
    let isFound = false
    try {
      const found = await findIn(store, search)
      if (found) {
        const result = resultOf(found, text)
        isFound = true
        return { ...result, store, runName: runNameOf(found.run, folder, state) }
      }
    } finally {
      if (!isFound) store.close()
    }
  }
  if (run !== undefined && !search.hasRun) throw new UserError(`there is no run ${run}`, 'kwitness runs lists them')
  const lost = search.skipped.map((line) => `; ${line}`).join('')
  throw new UserError(
    `${run === undefined ? 'the store' : `run ${run}`} has no result ${text}`,
    `${await nearHint(state, wanted)}a result is named KERNEL/CASE, or by its evidence id${lost}`,
  )
}

/** Results of the newest run whose kernel or case has a part of this text in its name, for whoever did not name one. */
async function nearHint(state: string, text: string): Promise<string> {
  const parts = text.split('/').filter((part) => part.length >= MIN_PART)
  const [folder = state] = await storesIn(state)
  const store = await openStoreForReading(folder)
  try {
    for (const id of (await store.runIds()).toReversed()) {
      // A damaged run is passed over, as in the search itself.
      const names = (await store.attemptNames(id).catch(() => [])).map((one) => `${one.kernel}/${one.case}`)
      const near = [...new Set(names)].filter((name) => parts.some((part) => name.includes(part)))
      if (near.length > 0) return `run ${id} has ${near.slice(0, MAX_NEAR).join(', ')}${near.length > MAX_NEAR ? ', ...' : ''}; `
    }
    return ''
  } finally {
    store.close()
  }
}

/** Text as it was pasted: encoded as in the address of a page, with what stands behind it in a line. */
function cleaned(text: string): string {
  const plain = text
    .trim()
    .replace(/^.*#cell=/, '')
    .replace(/[:,;]$/, '')
  if (!/%[0-9A-F]{2}/i.test(plain)) return plain
  try {
    return decodeURIComponent(plain)
  } catch {
    return plain
  }
}

/** Folders with a store: that of reports first. Throws UserError where nothing is stored. */
async function storesIn(state: string): Promise<string[]> {
  const names = await readdir(join(state, 'bisect')).catch(() => [])
  const bisections = names.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  const folders = [state, join(state, 'bisect-steps'), ...bisections.map((name) => join(state, 'bisect', name))].filter(hasStore)
  if (folders.length > 0) return folders
  throw new UserError(`no run is stored in ${state} yet`, 'kwitness run makes one')
}

const runNameOf = ({ id }: RunRecord, folder: string, state: string): string =>
  folder === state ? `run ${id}` : `run ${id} in ${folder.slice(state.length + 1)}`

async function findIn(store: ReadRuns, search: Search): Promise<Candidate | null> {
  const ids = await store.runIds()
  if (search.run !== undefined && !ids.includes(search.run)) return null
  search.hasRun = true
  let best: (Candidate & { readonly rank: number }) | null = null
  const skip = (text: string): void => void search.skipped.push(text)
  for (const one of search.run === undefined ? ids.toReversed() : [search.run]) {
    const scanned = search.run === undefined ? await readScanned(store, one, skip) : await readWithPlan(store, one)
    const candidate = scanned && (await candidateOf(store, scanned, search.text))
    if (candidate === null || (best !== null && candidate.rank >= best.rank)) continue
    best = candidate
    if (best.rank === 0) break
  }
  return best
}

async function candidateOf(
  store: ReadRuns,
  { run, plan }: ScannedRun,
  text: string,
): Promise<(Candidate & { readonly rank: number }) | null> {
  const attempts = await store.attemptNames(run.id)
  const labels = plan.kind === 'verify' ? plan.verify.bases.map(({ label, kernel }) => [label, kernel] as const) : []
  const named: NamedRun = { kernels: plan.kernels, cases: plan.cases.map((one) => one.id), attempts, labels }
  const matches = matchResults(text, named)
  const made = matches.filter((one) => attempts.some((attempt) => attempt.kernel === one.kernel && attempt.case === one.case))
  const [first] = made.length > 0 ? made : matches
  if (!first) return null
  return made.length > 0 ? { run, plan, matches: made, rank: first.rank } : { run, plan, matches, rank: first.rank + NOT_MADE }
}

/** The one result of a candidate. Throws UserError that names all where there are several. */
function resultOf({ run, plan, matches }: Candidate, text: string): Pick<FoundResult, 'run' | 'plan' | 'cell' | 'attempt'> {
  const cells = cellsOf(plan)
  const found = matches.flatMap((match) => {
    const cell = cells.find((one) => one.kernel.id === match.kernel && one.case.id === match.case)
    return cell ? [{ cell, attempt: match.attempt }] : []
  })
  const [first, ...others] = found
  if (!first) throw new UserError(`run ${run.id} has no result ${text}`, 'kwitness report shows what it has')
  if (others.length === 0) return { run, plan, ...first }
  const names = found.map(({ cell }) => `${cell.kernel.id}/${cell.case.id}`)
  const more = names.length > MAX_NAMED ? [`and ${names.length - MAX_NAMED} more`] : []
  throw new UserError(
    `${text} names more than one result of run ${run.id}`,
    ['name one of them:', ...names.slice(0, MAX_NAMED), ...more].join('\n    '),
  )
}
