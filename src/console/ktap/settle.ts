/** What a stream has room for: the lines around results, and further documents. */
import { forgetAgain } from './again.ts'
import { append, drain, drainInto, isBlank, leftOutNote, type LineBuffer } from './line-buffer.ts'
import { addTooMany } from './problems.ts'
import type { RawDocument } from './raw.ts'
import { keptLines, type Room } from './room.ts'

/** Empty a buffer: its lines, or how many they were where there is no room for them. */
export function afford(buffer: LineBuffer, room: Room): readonly string[] {
  const lines = drain(buffer)
  return keptLines(room, lines) ?? [leftOutNote(lines.length)]
}

/** What a document as a whole has to say is all said. */
export function settle(document: RawDocument): void {
  if (document.again !== null) forgetAgain(document)
  drainInto(document.pending, document.notes)
  if (document.room.text === Infinity || isBlank(document.notes)) return
  for (const line of afford(document.notes, document.room)) append(document.notes, line)
}

/** Whether another document may begin in the place of this one; if not, that is reported. */
export function hasRoom(document: RawDocument, depth: number, line: number): boolean {
  const has = (depth === 0 ? document.room.outermost : document.room.documents) > 0
  if (!has) addTooMany(document, line)
  return has
}
