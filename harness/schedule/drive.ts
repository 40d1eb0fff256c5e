/** Drives the program of a scheduled race in a running guest: from its first word to the record of all its trials. */
import { InfraError } from '#domain/errors.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { Schedule, ScheduleRecord } from '#domain/race/schedule.ts'
import { startDebugger, type RunningQemu } from '#harness/boot/qemu/process.ts'
import { bindSchedule, readImage } from './bind.ts'
import { GdbClient } from './client.ts'
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
  /** The boundaries that are tried of the kernel as it is: the first and the last; all when not given. For tests. */
  readonly boundaries?: readonly [from: number, to: number] | undefined
  /** Whether a trial is made at each boundary, also where it comes to the same as its neighbour's. For tests. */
  readonly isExhaustive?: boolean | undefined
  /** Called before each trial, from the first on, and before the path is measured. Tests change the guest here. */
  readonly beforeTrial?: ((session: Session, qemu: DebuggedQemu) => Promise<string | void>) | undefined
}

type DebuggedQemu = Pick<RunningQemu, 'pid' | 'qmp' | 'debug'>

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
  trials: 0,
  disabled: { problem },
  secondCut: { problem },
  code: [],
})

/** Make all trials with the program whose block lies at `block`. Throws the signal's reason when it is aborted. */
export async function driveSchedule(qemu: DebuggedQemu, block: bigint, context: DriveContext): Promise<Driven> {
  try {
    return await drive(qemu, block, context)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof LostGuest)) throw error
    return { record: recordOf(error.message), lost: error.message }
  }
}

async function drive(qemu: DebuggedQemu, block: bigint, context: DriveContext): Promise<Driven> {
  const { qmp, debug } = qemu
  if (debug === null) throw new InfraError('this QEMU has no port for its debugger')
  const client = new GdbClient(debug, qmp.onEvent)
  await startDebugger({ qmp })
  const stub = await openStub(client)
  const image = await readImage(context.image)
  const symbols = typeof image === 'string' ? codeSymbols([]) : image.symbols
  const session = await attach(stub, block, symbols)
  const bound = typeof image === 'string' ? image : bindSchedule(context.schedule, image)
  const explored =
    typeof image === 'string' || typeof bound === 'string'
      ? { record: recordOf(typeof bound === 'string' ? bound : ''), lost: null }
      : await explore(session, {
          bound,
          image,
          boundaries: context.boundaries ?? [0, Number.POSITIVE_INFINITY],
          isExhaustive: context.isExhaustive ?? false,
          check: checkOf(context, () => context.beforeTrial?.(session, qemu)),
          disassemble: (address) => disassemble(qmp, address),
        })
  if (explored.lost === null) await release(session, (text) => client.ask(text))
  return explored
}

/** Ends trials when the run is stopped (the signal's reason) or the time is over (the returned clause). */
function checkOf(
  { limitSeconds, signal }: DriveContext,
  before: () => Promise<string | void> | undefined,
): () => Promise<string | null> {
  const deadline = performance.now() + limitSeconds * 1000
  return async () => {
    signal?.throwIfAborted()
    const why = await before()
    if (why) return why
    return performance.now() < deadline ? null : `the time for the trials was over (${limitSeconds.toFixed(0)} s)`
  }
}

/** `0xffffffff81290010:  8b 42 34   movl 0x34(%rdx), %eax`, as QEMU's monitor prints it. */
const DISASSEMBLED = /^0x[0-9a-f]+:\s+(?:[0-9a-f]{2} )*[0-9a-f]{2}\s+(\S.*?)\s*$/m

/** The instruction at this address as text; null where this QEMU has no disassembler. */
async function disassemble(qmp: RunningQemu['qmp'], address: bigint): Promise<string | null> {
  const said: unknown = await qmp.execute('human-monitor-command', { 'command-line': `x /1i 0x${address.toString(16)}` })
  return (typeof said === 'string' ? DISASSEMBLED.exec(said)?.[1]?.replaceAll(/\s+/g, ' ') : null) ?? null
}

/** Have the program end, and leave the guest to itself. */
async function release(session: Session, ask: (text: string) => Promise<string>): Promise<void> {
  await endProgram(session)
  await ask('D;1')
}
