/** Execute one job in one pristine guest and return its Evidence, whatever the guest does. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ending, Evidence, LogInfo } from '#domain/evidence.ts'
import type { Job } from '#domain/job.ts'
import type { Schedule, ScheduleRecord } from '#domain/race/schedule.ts'
import type { BootInputs } from './boot/qemu/boot.ts'
import type { Guest, GuestSource } from './boot/guests.ts'
import { raisePriority } from './boot/raise-priority.ts'
import { monitorCase, type CaseReport } from './transport/hang-monitor.ts'
import { driveSchedule } from './schedule/drive.ts'
import { parseAnnouncement } from './schedule/program.ts'
import { publishOutput, type LiveOutput } from './support/live/output.ts'
import { inSpan } from './support/spans.ts'
import { createLog, type BoundedLog } from './transport/log.ts'
import { systemError, makeFolder } from './support/workspace.ts'

/** What executing a job uses besides the job. */
export interface JobContext {
  readonly inputs: BootInputs
  readonly guests: GuestSource
  /** Path of the payload with the job's program, arguments and modules. */
  readonly payload: string
  /** Folder for the logs, created when it is missing. */
  readonly scratch: string
  readonly host: Evidence['host']
  /** Raise the priority of QEMU where this host allows it, because the guest's vCPUs must run at the same time. */
  readonly raisesPriority: boolean
  /** Make the trials of this schedule with the program of the job. */
  readonly schedule?: Schedule
  readonly signal?: AbortSignal
}

export interface ExecutedJob {
  readonly evidence: Evidence
  /** Discards the snapshot that the guest came from; to be called when the guest may have been damaged before the case. */
  readonly forgetGuest: () => Promise<void>
}

/** Host seconds in which the console may still deliver what the guest printed before the case ended. */
const DRAIN_SECONDS = 2

/**
 * Run the job's case once. Guest misbehaviour is data in the Evidence. Throws InfraError when the logs cannot be written,
 * and the signal's reason when it is aborted: such an attempt is not recorded.
 */
export async function executeJob(job: Job, context: JobContext): Promise<ExecutedJob> {
  try {
    return await execute(job, context)
  } catch (error) {
    throw systemError(error, `cannot write ${context.scratch}`) ?? error
  }
}

async function execute(job: Job, context: JobContext): Promise<ExecutedJob> {
  const startedAt = new Date().toISOString()
  const started = performance.now()
  await makeFolder(context.scratch)
  const guest = await context.guests.start(context.inputs, context.payload, {
    limitSeconds: job.limits.bootSeconds,
    signal: context.signal,
    debug: context.schedule !== undefined,
  })
  const output = published(createLog(), { kernel: job.kernel, case: job.case, port: 'output' })
  publishConsole(job, guest)
  const raisedPriority = guest.ok && context.raisesPriority && guest.qemu.pid !== null && (await raisePriority(guest.qemu.pid))
  const report: RunReport = guest.ok ? await runCase(job, guest, output, context) : reportNotBooted(guest)
  context.signal?.throwIfAborted()

  const console = guest.ok ? guest.channel.console : createLog()
  if (!guest.ok) console.write(guest.console)
  const evidence: Evidence = {
    schema: 'kwitness.evidence/1',
    job,
    kernel: {
      release: guest.ok ? guest.hello.release : null,
      build: guest.ok ? guest.hello.build : null,
      sha256: context.inputs.image.sha256,
    },
    guest: {
      bootMethod: guest.bootMethod,
      origin: guest.origin,
      readySeconds: guest.ok ? guest.readySeconds : null,
      raisedPriority,
      argv: guest.argv,
    },
    host: context.host,
    ending: report.ending,
    taint: report.taint,
    startedAt,
    seconds: (performance.now() - started) / 1000,
    console: await inSpan('logs', () => console.save(join(context.scratch, 'console.log'))),
    output: await inSpan('logs', () => output.save(join(context.scratch, 'output.log'))),
    ...(report.record ? { schedule: await saveRecord(report.record, context.scratch) } : {}),
  }
  return { evidence, forgetGuest: guest.forget }
}

/** A log that also publishes all that is written to it. */
function published(log: BoundedLog, source: Omit<LiveOutput, 'chunk'>): BoundedLog {
  const write = (chunk: Buffer): void => {
    publishOutput({ ...source, chunk })
    log.write(chunk)
  }
  return { ...log, write }
}

/** Publish the kernel log of a guest: what it holds so far, then what comes; of one that did not boot, all it printed. */
function publishConsole({ kernel, case: id }: Job, guest: Guest): void {
  const source = { kernel, case: id, port: 'console' } as const
  publishOutput({ ...source, chunk: guest.ok ? guest.channel.console.bytes() : guest.console })
  if (guest.ok) guest.qemu.console.on('data', (chunk: Buffer) => publishOutput({ ...source, chunk }))
}

/** What a case came to, with the record of its trials where they were scheduled. */
interface RunReport extends CaseReport {
  readonly record?: ScheduleRecord | undefined
}

async function saveRecord(record: ScheduleRecord, folder: string): Promise<LogInfo> {
  const file = 'schedule.json'
  const content = `${JSON.stringify(record)}\n`
  await writeFile(join(folder, file), content)
  return { file, bytes: Buffer.byteLength(content), droppedBytes: 0 }
}

function reportNotBooted(guest: Guest & { ok: false }): CaseReport {
  const ending: Ending = guest.qemuFailed ? { kind: 'infra', message: guest.reason } : { kind: 'no-boot', reason: guest.reason }
  return { ending, taint: { before: null, after: null } }
}

async function runCase(job: Job, guest: Guest & { ok: true }, output: BoundedLog, context: JobContext): Promise<RunReport> {
  const { channel, qemu } = guest
  const key = randomBytes(8).toString('hex')
  const milliseconds = Math.ceil(job.limits.caseSeconds * 1000)
  channel.run(key, [milliseconds, BigInt(Date.now()) * 1_000_000n, job.seed])
  try {
    const { schedule } = context
    const work = schedule
      ? () => runSchedule(job, guest, output, context, schedule)
      : () => monitorCase(guest, job.limits, output)
    const report: RunReport = await inSpan('case', work)
    const lastLine = () => channel.waitForConsole(`end ${job.seed}`, performance.now() + DRAIN_SECONDS * 1000)
    if (report.ending.kind === 'exited') await inSpan('drain', lastLine)
    return report
  } finally {
    await inSpan('kill', qemu.kill)
  }
}

/** Run a case whose trials are scheduled. A guest that the debugger lost gives no answer of its own. */
async function runSchedule(
  job: Job,
  guest: Guest & { ok: true },
  output: BoundedLog,
  { inputs, signal }: JobContext,
  schedule: Schedule,
): Promise<RunReport> {
  const announced = Promise.withResolvers<bigint | null>()
  const watched: BoundedLog = {
    ...output,
    write: (chunk) => {
      output.write(chunk)
      const block = parseAnnouncement(output.bytes().toString('latin1'))
      if (block !== null) announced.resolve(block)
    },
  }
  const ended = monitorCase(guest, job.limits, watched).finally(() => announced.resolve(null))
  const block = await announced.promise
  if (block === null) return ended
  const context = { schedule, image: inputs.image, limitSeconds: job.limits.caseSeconds, signal }
  const { record, lost } = await driveSchedule(guest.qemu, block, context)
  if (lost === null) return { ...(await ended), record }
  await guest.qemu.kill()
  const { taint } = await ended
  return { ending: { kind: 'infra', message: `the debugger lost the guest: ${lost}` }, taint, record }
}
