/**
 * What is kept of runs, split by need: who only reports takes ReadRuns and cannot write.
 * Judgements are not kept: any stored run can be judged again when the rules change.
 */
import type { ControlRate } from '#domain/control.ts'
import type { AttemptTime, Evidence } from '#domain/evidence.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { ClaimSources } from '#domain/claim-sources.ts'
import type { Report } from '#domain/report/matrix.ts'

export type RunHost = Report['run']['host']

export interface RunRecord {
  /** `2026-11-21-1`: the UTC day it started on, and its number on that day. */
  readonly id: string
  /** ISO 8601, as it was given. */
  readonly startedAt: string
  readonly finishedAt: string | null
  /** The plan as plain data; whoever made it knows its shape. */
  readonly plan: unknown
  readonly host: RunHost
  /** Process id of the living kwitness that is at this run, null when none is. */
  readonly owner: number | null
}

export interface AttemptRecord {
  /** Name of its evidence folder inside its run. */
  readonly id: string
  readonly run: string
  readonly evidence: Evidence
}

/** One thing that is not as it was stored. Everything else stays readable. */
export interface StoreProblem {
  readonly attempt: string
  readonly message: string
}

export interface JudgedStoredAttempts {
  /** By kernel, case, profile and ordinal. */
  readonly attempts: readonly AttemptRecord[]
  readonly problems: readonly StoreProblem[]
}

/** The logs of an attempt, byte for byte; null for one that is missing or damaged, which `problems` then tells. */
export interface StoredLogs {
  readonly console: Uint8Array | null
  readonly output: Uint8Array | null
  readonly problems: readonly StoreProblem[]
}

/** A build some run has used. Two builds can share an id over time, so the image's sha256 is part of what it is. */
export interface SeenKernel {
  readonly kernel: Kernel
  readonly sha256: string
  /** `uname -r` as a guest said it, null while none spoke. */
  readonly release: string | null
}

export interface ReadRuns {
  /** All runs, oldest first. */
  listRuns(): Promise<readonly RunRecord[]>
  /** The run that was started last, null when there is none. */
  newestRun(): Promise<RunRecord | null>
  /** Throws UserError when there is no such run. */
  readRun(id: string): Promise<RunRecord>
  attemptsOf(run: string): Promise<JudgedStoredAttempts>
  readLogs(attempt: AttemptRecord): Promise<StoredLogs>
  /** How long the newest attempts of all runs took, at most a thousand, the newest first. */
  attemptTimes(): Promise<readonly AttemptTime[]>
  kernelsSeen(): Promise<readonly SeenKernel[]>
  /** Every rate that is kept, by case and series; whether one still counts is for the caller to say. */
  rates(): Promise<readonly ControlRate[]>
  /** What was found written about the kernels of a run, by kernel id; nothing of one that was never asked for. */
  claimSourcesOf(run: string): Promise<readonly ClaimSources[]>
  /** The text of a changelog that papers name; null when it is missing or not as it was stored. */
  changelog(sha256: string): Promise<string | null>
  close(): void
}

interface WriteRuns {
  /** Start a run; this process owns it until it is finished or released. */
  createRun(run: { readonly startedAt: string; readonly plan: unknown; readonly host: RunHost }): Promise<RunRecord>
  /**
   * Take over a run that is not finished, to go on with it. Throws UserError when another living kwitness is at it,
   * when it is finished, or when there is no such run.
   */
  claimRun(id: string): Promise<RunRecord>
  /** Leave a run unfinished, for somebody to go on with. */
  releaseRun(id: string): Promise<void>
  finishRun(id: string, finishedAt: string): Promise<void>
  /**
   * Keep an attempt of an owned run. `logs` is the folder in which the logs named by the evidence lie; they are copied.
   * When this returns, the attempt survives kill -9 and power loss; when it throws, nothing of it is kept.
   * Throws InfraError when the disk does not take it, InvariantError for an attempt that is already recorded,
   * for a run this process does not own, and for logs that are not as long as the evidence says.
   */
  recordAttempt(run: string, evidence: Evidence, logs: string): Promise<AttemptRecord>
  /** Keep what a kernel id stood for. */
  recordKernel(kernel: Kernel, sha256: string): Promise<void>
  /** Keep rates. One that was measured of the same (case, program, trigger, series, profile, conditions) is replaced. */
  recordRates(rates: readonly ControlRate[]): Promise<void>
  /**
   * Keep papers of an owned run, in place of what was kept of the same kernels. `changelogs` brings the texts they name, by
   * sha256; what is kept already is left as it is.
   */
  recordClaimSources(run: string, papers: readonly ClaimSources[], changelogs: ReadonlyMap<string, Uint8Array>): Promise<void>
  /** Whether a changelog is kept already. */
  hasChangelog(sha256: string): Promise<boolean>
}

export type Store = ReadRuns & WriteRuns
