/** What a stream has room for: the lines around results, and further documents. */
import { forgetAgain } from './again.ts'
import { append, drain, drainInto, isBlank, leftOutNote, type LineBuffer } from './line-buffer.ts'
import { addTooDeep, addTooMany } from './problems.ts'
import type { RawDocument } from './raw.ts'
import { keptLines, type Room } from './room.ts'

/** Documents nested deeper than this are read as part of the deepest one. */
export const MAX_DEPTH = 8

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

/** Whether another document may begin inside this one; if not, that is reported. */
export function hasRoomInside(document: RawDocument, depth: number, line: number): boolean {
  if (depth < MAX_DEPTH && document.room.documents > 0) return true
  if (depth < MAX_DEPTH) addTooMany(document, line)
  else addTooDeep(document, line, MAX_DEPTH)
  return false
}
