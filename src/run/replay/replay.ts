/** Replay a stored attempt: the same job, by the artifacts it names, in the guest it had. Its run does not change. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestSource } from '#harness/boot/guests.ts'
import { createPayloads } from '#harness/image/payload.ts'
import { snapshotProvenance, savedAt } from '#harness/boot/snapshot/provenance.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { changesOf, matchGuests, matchOutputs, sideOf, type Replay, type Restored } from '#analysis/replay.ts'
import type { Evidence } from '#domain/evidence.ts'
import { UserError } from '#domain/errors.ts'
import type { AttemptRecord, ReadRuns } from '#store/ports.ts'
import type { AttemptContext } from '../context/context.ts'
import { asAttempt, judgeFolder, makeAttempt, takeTurn } from '../execute/attempt.ts'
import type { RunEventListener } from '../context/events.ts'
import type { Cell } from '#plan/cells.ts'
import { makeHostInputs } from '../prepare/guest-inputs.ts'
import { isRace } from '#plan/race-schedule.ts'
import { judgeLogs, type AttemptReading } from '../report/judge-attempt.ts'
import { diagnosticsIn } from '../results/details.ts'
import { findArtifacts } from './artifacts.ts'

/** An attempt of a stored run with everything that a replay compares. */
export interface Replayable {
  readonly cell: Cell
  readonly record: AttemptRecord
  readonly judged: AttemptReading
  /** The output of the case, byte for byte. */
  readonly output: Uint8Array
}

/**
 * The attempt of a cell to replay: the one with this ordinal, else the first that reproduced, else the last. Throws UserError
 * when there is none, or when its logs are lost.
 */
export async function chooseAttempt(store: ReadRuns, run: string, cell: Cell, ordinal?: number): Promise<Replayable> {
  const { attempts, problems } = await store.attemptsOf(run)
  const own = attempts.filter(({ evidence: { job } }) => job.kernel === cell.kernel.id && job.case === cell.case.id)
  const made = own.map(({ evidence }) => evidence.job.attempt)
  const read = await Promise.all(own.map((record) => readReplayable(store, cell, record)))
  const whole = read.filter((one) => one !== null)
  const chosen =
    ordinal === undefined
      ? (whole.find(({ judged }) => judged.judgement.outcome === 'reproduced') ?? whole.at(-1))
      : whole.find(({ record }) => record.evidence.job.attempt === ordinal)
  if (chosen) return chosen
  const name = `${cell.kernel.id}/${cell.case.id}`
  const lost = problems.length > 0 || whole.length < own.length
  if (ordinal !== undefined && made.includes(ordinal))
    throw new UserError(`the logs of attempt ${ordinal} of ${name} are damaged`)
  const which = ordinal === undefined ? 'no attempt' : `no attempt ${ordinal}`
  throw new UserError(
    `run ${run} has ${which} of ${name}${lost ? ' that can be read' : ''}`,
    made.length > 0 ? `there are: ${made.join(', ')}` : 'kwitness run --resume makes those that are missing',
  )
}

async function readReplayable(store: ReadRuns, cell: Cell, record: AttemptRecord): Promise<Replayable | null> {
  const { console, output } = await store.readLogs(record)
  if (!console || !output) return null
  return { cell, record, judged: judgeLogs(record.evidence, { console, output }, cell.case), output }
}

/** A replay, and its evidence. */
export interface Replayed {
  readonly replay: Replay
  readonly evidence: Evidence
}

/**
 * Run the job of a stored attempt again, its logs into `folder`. Restores the guest where the attempt had a restored one, and
 * boots where it was booted. Throws UserError when the kernel or the program has changed.
 */
export async function replayAttempt(
  { cell, record, judged, output }: Replayable,
  kernels: KernelContext,
  onEvent: RunEventListener,
  folder: string,
): Promise<Replayed> {
  const { cache } = kernels.workspace
  const stored = record.evidence
  const artifacts = await findArtifacts(stored, cell, kernels)
  const { host, initramfs } = await makeHostInputs(kernels)
  const guests = new GuestSource(cache, {
    noSnapshot: stored.guest.origin === 'booted',
    note: (text) => onEvent({ kind: 'note', text }),
  })
  const payloads = createPayloads(folder)
  const attemptContext: AttemptContext = { host, initramfs, guests, payloads, kernels }
  const attempt = () => makeAttempt(attemptContext, cell, stored.job, artifacts, folder)
  const { evidence } = await asAttempt(cell, () => (isRace(cell) ? takeTurn(attemptContext, cell, attempt) : attempt()))
  const { judgement } = await judgeFolder(folder, evidence, cell.case)
  const again = await readFile(join(folder, evidence.output.file))
  const replay: Replay = {
    schema: 'kwitness.replay/1',
    run: record.run,
    kernel: stored.job.kernel,
    case: stored.job.case,
    attempt: stored.job.attempt,
    seed: stored.job.seed,
    guest: matchGuests(stored, await restoredOf(stored), await restoredOf(evidence)),
    changed: changesOf(stored.host, evidence.host),
    stored: sideOf(stored, judged.judgement, diagnosticsIn(output)),
    replayed: sideOf(evidence, judgement, diagnosticsIn(again)),
    sameOutcome: judged.judgement.outcome === judgement.outcome,
    output: matchOutputs(output, again),
  }
  return { replay, evidence }
}

/** Where the guest of an attempt was restored from; null when it was booted. */
async function restoredOf({ guest }: Evidence): Promise<Restored | null> {
  const from = guest.origin === 'booted' ? null : snapshotProvenance(guest.argv)
  return from && { key: from.key, savedAt: await savedAt(from) }
}
