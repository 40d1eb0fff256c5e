/** What one stream may hold: a guest that prints the smallest document a million times must cost no more than its bytes. */
import { ownText } from '../lines.ts'

export interface Room {
  /** Documents inside others. */
  documents: number
  /** Documents that are in no other. */
  outermost: number
  /** Points made for results that never came. */
  made: number
  problems: number
  /** Characters of names, reasons and diagnostics. */
  text: number
}

/** Room of a stream whose bytes are all in memory, or, with `bounded`, of one that may never end. */
export function createRoom(bounded: boolean): Room {
  // Whoever reads a stream that may never end keeps few documents, and those that went by take no room.
  const own = bounded ? { outermost: Infinity, text: 1 << 23 } : { outermost: 4000, text: Infinity }
  return { documents: 4000, made: 5000, problems: 2000, ...own }
}

/** Text to keep of a stream. */
export function keptText(room: Room, text: string): string {
  return room.text === Infinity ? text : ownText(text)
}

/** Lines to keep of a stream, or null where there is not so much room left. */
export function keptLines(room: Room, lines: readonly string[]): readonly string[] | null {
  if (room.text === Infinity || lines.length === 0) return lines
  for (const line of lines) room.text -= line.length
  return room.text < 0 ? null : lines.map(ownText)
}
