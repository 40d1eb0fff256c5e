/** The store: runs and attempts in SQLite, their evidence in folders beside it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import {
  attemptNames,
  attemptsAfter,
  attemptsOf,
  attemptsStamp,
  attemptTimes,
  logPaths,
  readLogs,
  recordAttempt,
  recordAttempts,
  recoverRun,
  strays,
} from './attempts.ts'
import { openDatabase, type Database } from './database.ts'
import { createFingerprints, readLogNow, syncFolder } from './evidence-folder.ts'
import { onDisk } from './failures.ts'
import { kernelsSeen, recordKernel } from './kernels.ts'
import { changelogFingerprint, hasChangelog, claimSourcesOf, readChangelogText, recordClaimSources } from './claim-sources.ts'
import type { ReadRuns, Store } from './ports.ts'
import { listRates, recordRates } from './rates.ts'
import { compactStore, runBytes } from './room.ts'
import { recoverRemovals, removeRun } from './remove.ts'
import { attemptsLike, reuseAttempts } from './reuse.ts'
import { openTextCache } from './derived/text-cache.ts'
import {
  abandonedRuns,
  attemptCounts,
  checkOwned,
  claimRun,
  createRun,
  writeRun,
  listRuns,
  pinnedRuns,
  pinRun,
  readRun,
  runIds,
} from './runs.ts'

interface Places {
  readonly database: string
  readonly evidence: string
  /** What is derived from the two, and of no use without them. */
  readonly derived: string
}

function placesIn(folder: string): Places {
  return { database: join(folder, 'store.sqlite'), evidence: join(folder, 'evidence'), derived: join(folder, 'derived.sqlite') }
}

function reading(database: Database, places: Places): ReadRuns {
  const derived = openTextCache(places.derived)
  const fingerprintOf = createFingerprints()
  return {
    listRuns: async () => listRuns(database),
    attemptCounts: async (id) => attemptCounts(database, id),
    runIds: async () => runIds(database),
    readRun: async (id) => readRun(database, id),
    attemptsOf: async (run) => {
      const { id } = readRun(database, run)
      return attemptsOf(database, places.evidence, id)
    },
    attemptsStamp: (run) => attemptsStamp(database, places.evidence, run),
    attemptsAfter: async (run, last, upTo = Number.MAX_SAFE_INTEGER) => attemptsAfter(database, run, last, upTo),
    attemptsLike: async (identity, count) => attemptsLike(database, identity, count),
    attemptNames: async (run) => attemptNames(database, readRun(database, run).id),
    logPaths: (attempt) => logPaths(join(places.evidence, attempt.run), attempt),
    readLogs: async (attempt) => readLogs(join(places.evidence, attempt.run), attempt),
    logNow: (attempt, log) => readLogNow(join(places.evidence, attempt.run, attempt.id), attempt.evidence[log]),
    fingerprintOf: ({ run, id }) => fingerprintOf(`${places.evidence}/${run}/${id}`),
    derived,
    attemptTimes: async () => attemptTimes(database),
    kernelsSeen: async () => kernelsSeen(database),
    rates: async () => listRates(database),
    claimSourcesOf: async (run) => claimSourcesOf(database, readRun(database, run).id),
    changelog: async (sha256) => readChangelogText(database, sha256),
    changelogNow: (sha256) => readChangelogText(database, sha256),
    changelogFingerprint: (sha256) => changelogFingerprint(database, sha256),
    pinnedRuns: async () => pinnedRuns(database),
    runBytes: (ids) => runBytes(database, places.evidence, ids),
    close: () => {
      derived.close()
      database.close()
    },
  }
}

/** Whether anything has been stored in `folder` yet. */
export function hasStore(folder: string): boolean {
  return existsSync(placesIn(folder).database)
}

/**
 * Open the store in `folder` to look at it; it cannot be written through what this gives.
 * Throws UserError when nothing has been stored there yet, InfraError when it is damaged or cannot be accessed.
 */
export async function openStoreForReading(folder: string): Promise<ReadRuns> {
  const places = placesIn(folder)
  if (!hasStore(folder)) throw new UserError(`no run is stored in ${folder} yet`, 'kwitness run makes one')
  return reading(openDatabase(places.database, { readOnly: true }), places)
}

/**
 * Open the store in `folder`, making it where there is none, and put right what killed runs left behind.
 * Throws InfraError when the folder cannot be written or the store is damaged.
 */
export async function openStore(folder: string): Promise<Store> {
  const places = placesIn(folder)
  await onDisk(folder, () => makeFolder(places.evidence))
  const database = openDatabase(places.database, { readOnly: false })
  await onDisk(places.evidence, () => recoverRemovals(database, places.evidence))
  const folderOf = (run: string) => join(places.evidence, run)

  const claim = async (id: string) => {
    const run = claimRun(database, id)
    await onDisk(folderOf(id), () => recoverRun(database, folderOf(id), id))
    return run
  }
  for (const id of abandonedRuns(database)) {
    if ((await strays(database, folderOf(id), id)).length === 0) continue
    const claimed = await claim(id).catch((error: unknown) => {
      // Another process has claimed the run first, and repairs it.
      if (error instanceof UserError) return null
      throw error
    })
    if (claimed) writeRun(database, id, null)
  }

  return {
    ...reading(database, places),
    createRun: (run) =>
      onDisk(places.evidence, async () => {
        const created = createRun(database, places.evidence, run)
        await syncFolder(places.evidence)
        await syncFolder(folder)
        return created
      }),
    claimRun: claim,
    releaseRun: async (id) => writeRun(database, id, null),
    finishRun: async (id, finishedAt) => writeRun(database, id, finishedAt),
    recordAttempt: (run, evidence, logs) =>
      onDisk(folderOf(run), async () => {
        checkOwned(database, run)
        return recordAttempt(database, folderOf(run), run, evidence, logs)
      }),
    recordAttempts: (run, kernels, attempts) =>
      onDisk(folderOf(run), async () => {
        checkOwned(database, run)
        await recordAttempts(database, folderOf(run), run, kernels, attempts)
      }),
    reuseAttempts: async (run, attempts) => {
      checkOwned(database, run)
      reuseAttempts(database, run, attempts)
    },
    removeRun: (id) => onDisk(places.evidence, () => removeRun(database, places.evidence, id)),
    recordKernel: async (kernel, sha256) => recordKernel(database, kernel, sha256),
    recordRates: async (rates) => recordRates(database, rates),
    recordClaimSources: async (run, sources, changelogs) => {
      checkOwned(database, run)
      recordClaimSources(database, run, sources, changelogs)
    },
    hasChangelog: async (sha256) => hasChangelog(database, sha256),
    pinRun: async (id, pinned) => pinRun(database, id, pinned),
    compact: async () => compactStore(database, places.evidence, new Date()),
  }
}
