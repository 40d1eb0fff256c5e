/** The second actor first: it begins its act alone and is stopped in a function of its own. */
import type { Entry } from './actors.ts'
import { SECOND, STOP_MS, VoidTrial, type Session } from './session.ts'

/** Let the second actor begin its act, and stop it at the entry of this function. Throws VoidTrial when it does not come. */
export async function enterSecond({ stub, traps, symbols, fsBase }: Session, start: bigint): Promise<Entry> {
  const registers = await traps.runTo(SECOND, [{ address: start, kind: 'tell' }], STOP_MS)
  if (!registers || registers.fsBase !== fsBase[SECOND])
    throw new VoidTrial(
      `the second actor does not come to ${symbols.name(start)}: it is at ${symbols.name(await stub.rip(SECOND))}`,
    )
  const returns = await stub.readU64(SECOND, registers.rsp)
  if (returns === null) throw new VoidTrial('the stack of the second actor cannot be read')
  return { rsp: registers.rsp, returns }
}
