/** Drives the program of a scheduled race in a running guest: from its first word to the record of all its trials. */
import { InfraError } from '#domain/errors.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { Schedule, ScheduleRecord } from '#domain/race/schedule.ts'
import type { RunningQemu } from '#harness/boot/qemu/process.ts'
import { bindSchedule, readImage } from './bind.ts'
import { openGdb } from './client.ts'
import { explore } from './explore.ts'
import { codeSymbols } from './image/symbols.ts'
import { attach, endProgram, LostGuest, type Session } from './session.ts'
import { openStub } from './stub.ts'

export interface DriveContext {
  readonly schedule: Schedule
  readonly image: Pick<KernelImage, 'vmlinux'>
  /** Host seconds after which no further trial is begun. */
  readonly limitSeconds: number
  readonly signal?: AbortSignal | undefined
}

export interface Driven {
  readonly record: ScheduleRecord
  /** Why the guest cannot go on by itself; null where its program prints its results next. */
  readonly lost: string | null
}

const recordOf = (problem: string): ScheduleRecord => ({
  schema: 'kwitness.schedule/1',
  problem,
  path: [],
  kernel: [],
  disabled: { problem },
  secondCut: { problem },
})

/** Make all trials with the program whose block lies at `block`. Throws the signal's reason when it is aborted. */
export async function driveSchedule(
  qemu: Pick<RunningQemu, 'qmp' | 'debug'>,
  block: bigint,
  context: DriveContext,
): Promise<Driven> {
  try {
    return await drive(qemu, block, context)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof LostGuest)) throw error
    return { record: recordOf(error.message), lost: error.message }
  }
}

async function drive({ qmp, debug }: Pick<RunningQemu, 'qmp' | 'debug'>, block: bigint, context: DriveContext): Promise<Driven> {
  if (debug === null) throw new InfraError('this QEMU has no port for its debugger')
  const client = openGdb(debug.stub)
  await qmp.execute('human-monitor-command', { 'command-line': 'gdbserver chardev:debug' })
  const stub = await openStub(client, debug.marks)
  const image = await readImage(context.image)
  const symbols = typeof image === 'string' ? codeSymbols([]) : image.symbols
  const session = await attach(stub, block, symbols)
  const bound = typeof image === 'string' ? image : bindSchedule(context.schedule, image)
  const explored =
    typeof image === 'string' || typeof bound === 'string'
      ? { record: recordOf(typeof bound === 'string' ? bound : ''), lost: null }
      : await explore(session, { bound, image, check: checkOf(context) })
  if (explored.lost === null) await release(session, (text) => client.ask(text))
  return explored
}

/** Ends trials when the run is stopped (the signal's reason) or the time is over (the returned clause). */
function checkOf({ limitSeconds, signal }: DriveContext): () => string | null {
  const deadline = performance.now() + limitSeconds * 1000
  return () => {
    signal?.throwIfAborted()
    return performance.now() < deadline ? null : `the time for the trials was over (${limitSeconds.toFixed(0)} s)`
  }
}

/** Have the program end, and leave the guest to itself. */
async function release(session: Session, ask: (text: string) => Promise<string>): Promise<void> {
  await endProgram(session)
  await ask('D;1')
}
