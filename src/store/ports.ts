/**
 * The store of runs, split by need: a caller that only reports uses ReadRuns and cannot write.
 * The store has no judgements: kwitness can judge any stored run again when the rules change.
 */
import type { ControlRate } from '#domain/control.ts'
import type { AttemptTime, Evidence } from '#domain/evidence.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { ClaimSources } from '#domain/claim-sources.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { TextCache } from './derived/text-cache.ts'

export type RunHost = Report['run']['host']

/** Where a run was started, and what was asked for. */
export interface RunOrigin {
  /** Absolute path of the checkout of kwitness. */
  readonly checkout: string
  /** The words behind `kwitness`. */
  readonly command: readonly string[]
}

export interface RunRecord {
  /** `2026-11-21-1`: the UTC day it started on, and its number on that day. */
  readonly id: string
  /** ISO 8601, as it was given. */
  readonly startedAt: string
  readonly finishedAt: string | null
  /** The plan as plain data; src/schema/plan.ts has its shape. */
  readonly plan: unknown
  readonly host: RunHost
  /** Null in a run of before it was recorded. */
  readonly origin: RunOrigin | null
  /** Process id of the live kwitness that owns this run, null without one. */
  readonly owner: number | null
}

/** A run by the columns that hold no JSON: whatever its plan is, it is listed. */
export type ListedRun = Pick<RunRecord, 'id' | 'startedAt' | 'finishedAt' | 'owner'>

export interface AttemptRecord {
  /** Name of its evidence folder inside its run. */
  readonly id: string
  /** The run that made it, also among the attempts of a run that reuses it. */
  readonly run: string
  readonly evidence: Evidence
}

/** An attempt to store: what was observed, and the folder that holds its logs. */
export interface MadeAttempt {
  readonly evidence: Evidence
  readonly logs: string
}

export interface AttemptCounts {
  readonly made: number
  readonly reused: number
}

/** An attempt by its place in the store. */
export type AttemptPlace = Pick<AttemptRecord, 'id' | 'run'>

/** An attempt by its names alone: nothing of its evidence is read. */
export interface AttemptName {
  /** Name of its evidence folder inside its run. */
  readonly id: string
  readonly kernel: string
  readonly case: string
  /** Ordinal of the attempt in its cell, from 1. */
  readonly attempt: number
}

/** Absolute paths of the logs of an attempt as they are stored: `.zst` files are compressed by zstd. */
export interface LogPaths {
  readonly console: string
  readonly output: string
}

/** One damaged attempt. Everything else stays readable. */
export interface StoreProblem {
  readonly attempt: string
  readonly message: string
}

export interface JudgedStoredAttempts {
  /** By kernel, case, profile and ordinal. */
  readonly attempts: readonly AttemptRecord[]
  readonly problems: readonly StoreProblem[]
}

/** Attempts in the order they were made. */
export interface AttemptsAfter {
  readonly attempts: readonly AttemptRecord[]
  /** Where to go on. */
  readonly last: number
}

/** The logs of an attempt, byte for byte; null for a missing or damaged one, which `problems` names. */
export interface StoredLogs {
  readonly console: Uint8Array | null
  readonly output: Uint8Array | null
  /** The record of scheduled trials; null also where the attempt has none. */
  readonly schedule: Uint8Array | null
  readonly problems: readonly StoreProblem[]
}

/** A build that a run has used. Two builds can share an id over time, so the image's sha256 is part of its identity. */
export interface SeenKernel {
  readonly kernel: Kernel
  readonly sha256: string
  /** `uname -r` as a guest reported it, null before the first report. */
  readonly release: string | null
}

export interface ReadRuns {
  /** All runs, oldest first; also those whose plan, host or origin is damaged. */
  listRuns(): Promise<readonly ListedRun[]>
  /** Ids of all runs, oldest first. */
  runIds(): Promise<readonly string[]>
  /** Of a run, how many attempts it made and how many it reuses. */
  attemptCounts(run: string): Promise<AttemptCounts>
  /** Throws UserError when there is no such run. */
  readRun(id: string): Promise<RunRecord>
  /** The attempts of a run: those that it made, and those of earlier runs that it reuses. */
  attemptsOf(run: string): Promise<JudgedStoredAttempts>
  /** A text that changes with the attempts of a run and with the files of each, none of which is read. */
  attemptsStamp(run: string): string
  /** The attempts that a run made behind those that `last` was given for (0 for all), up to another `last` where one is given. */
  attemptsAfter(run: string, last: number, upTo?: number): Promise<AttemptsAfter>
  /** The newest attempts of this identity that runs made, the newest first, at most `count`. */
  attemptsLike(identity: string, count: number): Promise<readonly AttemptRecord[]>
  /** By kernel, case and ordinal. Throws UserError when there is no such run. */
  attemptNames(run: string): Promise<readonly AttemptName[]>
  readLogs(attempt: AttemptRecord): Promise<StoredLogs>
  /** A log of an attempt at once, not held against its hash; null where it cannot be read. */
  logNow(attempt: AttemptRecord, log: 'console' | 'output'): Uint8Array | null
  /** sha256 (hex) over the hashes of the files of an attempt; null where they are missing. */
  fingerprintOf(attempt: AttemptPlace): string | null
  /** Texts derived from what is stored, by names that change with all that they are made of. */
  readonly derived: TextCache
  /** Where the logs of an attempt lie. */
  logPaths(attempt: Pick<AttemptRecord, 'id' | 'run' | 'evidence'>): LogPaths
  /** Durations of the newest attempts of all runs, at most a thousand, the newest first. */
  attemptTimes(): Promise<readonly AttemptTime[]>
  kernelsSeen(): Promise<readonly SeenKernel[]>
  /** Every stored rate, by case and series; the caller decides whether one still applies. */
  rates(): Promise<readonly ControlRate[]>
  /** The claim sources of the kernels of a run, by kernel id. */
  claimSourcesOf(run: string): Promise<readonly ClaimSources[]>
  /** The text of a changelog that claim sources name; null when it is missing or damaged. */
  changelog(sha256: string): Promise<string | null>
  /** The same at once. */
  changelogNow(sha256: string): string | null
  /** sha256 (hex) over a changelog as it is stored, compressed; null when it is missing. */
  changelogFingerprint(sha256: string): string | null
  /** Ids of the runs that no retention removes. */
  pinnedRuns(): Promise<readonly string[]>
  /** Bytes on disk of each run, by id. */
  runBytes(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  close(): void
}

/** A run to be created. */
export interface NewRun extends Pick<RunRecord, 'startedAt' | 'plan' | 'host'> {
  /** This checkout and the words of this process when not given. */
  readonly origin?: RunOrigin
}

interface WriteRuns {
  /** Start a run; this process owns it until it finishes or releases it. */
  createRun(run: NewRun): Promise<RunRecord>
  /**
   * Take over an unfinished run to resume it. Throws UserError when another live kwitness owns it, when it is finished, or when
   * there is no such run.
   */
  claimRun(id: string): Promise<RunRecord>
  /** Leave a run unfinished, for a later resume. */
  releaseRun(id: string): Promise<void>
  finishRun(id: string, finishedAt: string): Promise<void>
  /**
   * Store an attempt of an owned run. `logs` is the folder with the logs that the evidence names; they are copied.
   * When this returns, the attempt survives kill -9 and power loss; when it throws, the store does not contain it.
   * Throws InfraError when the disk is full or fails, InvariantError for an attempt that is already recorded,
   * for a run this process does not own, and for logs that are not as long as the evidence says.
   */
  recordAttempt(run: string, evidence: Evidence, logs: string): Promise<AttemptRecord>
  /**
   * Store attempts that are of no use one by one, with the kernels that they were made on: durable when this resolves, all or
   * none. Throws as recordAttempt does; folders without a row are then left to be put right, as those of a killed run.
   */
  recordAttempts(run: string, kernels: readonly Omit<SeenKernel, 'release'>[], attempts: readonly MadeAttempt[]): Promise<void>
  /**
   * Let an owned run have these attempts of earlier runs as its own, at once. One that another process has removed meanwhile is
   * left out.
   */
  reuseAttempts(run: string, attempts: readonly AttemptPlace[]): Promise<void>
  /**
   * Remove a run with its evidence. Attempts that other runs reuse stay: the oldest of those runs has them from then on. Safe to
   * kill. Throws UserError for a pinned run, one that a living process is at, and where there is no such run.
   */
  removeRun(id: string): Promise<void>
  /** Store the kernel and image of a kernel id. */
  recordKernel(kernel: Kernel, sha256: string): Promise<void>
  /** Store rates, replacing those of the same case, program, code path, series, profile and conditions. */
  recordRates(rates: readonly ControlRate[]): Promise<void>
  /**
   * Store claim sources of an owned run, replacing those of the same kernels. `changelogs` has the texts they name, by sha256;
   * texts that the store has already stay unchanged.
   */
  recordClaimSources(run: string, sources: readonly ClaimSources[], changelogs: ReadonlyMap<string, Uint8Array>): Promise<void>
  /** Whether the store has a changelog. */
  hasChangelog(sha256: string): Promise<boolean>
  /** Keep a run from being removed, or let it go. Throws UserError when there is no such run. */
  pinRun(id: string, pinned: boolean): Promise<void>
  /** Give the disk back what removed runs took; false where that must wait, because a process is at a run. */
  compact(): Promise<boolean>
}

export type Store = ReadRuns & WriteRuns
