/** Failures of the disk and of SQLite, in our words: where, what, and what to do. */
import { folderHint, systemHint } from '#harness/support/workspace.ts'
import { InfraError, InvariantError } from '#domain/errors.ts'

const STATE = ['KWITNESS_STATE'] as const
const [FULL, DENIED] = [folderHint('full', STATE), folderHint('denied', STATE)]

/** Run something that writes below `path`; throws InfraError when the disk does not take it. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskFailure(path, error)
  }
}

/** What to throw for an error met while writing below `path`: InfraError for the disk's faults, else the error itself. */
function diskFailure(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException)?.code ?? ''
  const hint = code === 'ENOENT' ? 'something was deleted while it was in use: start again' : systemHint(code, STATE)
  return hint === undefined ? error : new InfraError(`cannot write ${path}: ${code}`, hint, { cause: error })
}

/** Primary result codes (sqlite.org/rescode.html) with what each means for the store, and what to do. */
const SQLITE: Readonly<Record<number, { what: string; hint: string }>> = {
  3: { what: 'may not be accessed', hint: DENIED },
  5: { what: 'is locked by another process', hint: 'wait for the other kwitness, or end it' },
  6: { what: 'is locked by another process', hint: 'wait for the other kwitness, or end it' },
  8: { what: 'cannot be written', hint: DENIED },
  10: { what: 'met an error of the disk', hint: 'see the kernel log of this machine' },
  11: { what: 'is damaged', hint: 'MOVE' },
  13: { what: 'does not fit on the disk', hint: FULL },
  14: { what: 'cannot be opened', hint: DENIED },
  26: { what: 'is damaged: it is not a database', hint: 'MOVE' },
}

/** What to throw for an error SQLite gave for the database at `path`. */
export function sqliteFailure(path: string, error: unknown): unknown {
  const errcode = (error as { errcode?: number }).errcode
  if (errcode === undefined) return error
  const known = SQLITE[errcode & 0xff]
  if (!known) return new InvariantError(`the store ${path}: ${(error as Error).message}`, { cause: error })
  const move = `move ${path} with its -wal and -shm away and start again; the evidence folders beside it are not touched`
  return new InfraError(`the store ${path} ${known.what}`, known.hint === 'MOVE' ? move : known.hint, { cause: error })
}
