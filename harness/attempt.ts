/** Carry out one job in one pristine guest and come back with Evidence, whatever the guest does. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ending, Evidence } from '#domain/evidence.ts'
import type { Job } from '#domain/job.ts'
import type { BootInputs } from './boot/qemu/boot.ts'
import type { Guest, GuestSource } from './boot/guests.ts'
import { raisePriority } from './boot/raise-priority.ts'
import { monitorCase, type CaseReport } from './transport/monitor.ts'
import { timed } from './support/stopwatch.ts'
import { createLog, type BoundedLog } from './transport/log.ts'
import { diskError } from './support/workspace.ts'

/** What carrying out a job needs beside the job. All of it can be filled anywhere. */
export interface Means {
  readonly inputs: BootInputs
  readonly guests: GuestSource
  /** File of the job's program, arguments and modules. */
  readonly payload: string
  /** Folder for the logs; made when it is not there. */
  readonly scratch: string
  readonly host: Evidence['host']
  /** The guest's vCPUs have to run at the same time: it goes before all else on this host where that may be asked for. */
  readonly preferred: boolean
  readonly signal?: AbortSignal
}

export interface CarriedOut {
  readonly evidence: Evidence
  /** What to call when the guest may have been hurt before: the saved one it came from is not used again. */
  readonly forgetGuest: () => Promise<void>
}

/** Host seconds in which the console may still say what was printed before the case ended. */
const DRAIN_SECONDS = 2

/**
 * Run the job's case once. Guest misbehaviour is in the Evidence. Throws InfraError when the disk does not take the
 * logs, and the signal's reason when it is aborted: such an attempt is not recorded.
 */
export async function carryOut(job: Job, means: Means): Promise<CarriedOut> {
  try {
    return await observe(job, means)
  } catch (error) {
    throw diskError(error, `cannot write ${means.scratch}`) ?? error
  }
}

async function observe(job: Job, means: Means): Promise<CarriedOut> {
  const startedAt = new Date().toISOString()
  const started = performance.now()
  await mkdir(means.scratch, { recursive: true })
  const guest = await means.guests.start(means.inputs, means.payload, {
    limitSeconds: job.limits.bootSeconds,
    signal: means.signal,
    time: timed,
  })
  const output = createLog()
  const preferred = guest.ok && means.preferred && guest.qemu.pid !== null && (await raisePriority(guest.qemu.pid))
  const report = guest.ok ? await runCase(job, guest, output) : notBooted(guest)
  means.signal?.throwIfAborted()

  const console = guest.ok ? guest.channel.console : createLog()
  if (!guest.ok) console.write(guest.console)
  const evidence: Evidence = {
    schema: 'kwitness.evidence/1',
    job,
    kernel: {
      release: guest.ok ? guest.hello.release : null,
      build: guest.ok ? guest.hello.build : null,
      sha256: means.inputs.image.sha256,
    },
    guest: {
      bootMethod: guest.road,
      origin: guest.origin,
      readySeconds: guest.ok ? guest.readySeconds : null,
      raisedPriority: preferred,
      argv: guest.argv,
    },
    host: means.host,
    ending: report.ending,
    taint: report.taint,
    startedAt,
    seconds: (performance.now() - started) / 1000,
    console: await timed('logs', () => console.save(join(means.scratch, 'console.log'))),
    output: await timed('logs', () => output.save(join(means.scratch, 'output.log'))),
  }
  return { evidence, forgetGuest: guest.forget }
}

function notBooted(guest: Guest & { ok: false }): CaseReport {
  const ending: Ending = guest.qemuFailed ? { kind: 'infra', message: guest.reason } : { kind: 'no-boot', reason: guest.reason }
  return { ending, taint: { before: null, after: null } }
}

async function runCase(job: Job, guest: Guest & { ok: true }, output: BoundedLog): Promise<CaseReport> {
  const { channel, qemu } = guest
  const key = randomBytes(8).toString('hex')
  const milliseconds = Math.ceil(job.limits.caseSeconds * 1000)
  channel.run(key, [milliseconds, BigInt(Date.now()) * 1_000_000n, job.seed])
  try {
    const report = await timed('case', () => monitorCase(guest, job.limits, output))
    const lastLine = () => channel.waitForConsole(`end ${job.seed}`, performance.now() + DRAIN_SECONDS * 1000)
    if (report.ending.kind === 'exited') await timed('drain', lastLine)
    return report
  } finally {
    await timed('kill', qemu.kill)
  }
}
