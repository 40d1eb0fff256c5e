/** What one stream may hold: a guest that prints the smallest document a million times must cost no more than its bytes. */

export interface Room {
  /** Documents inside others. */
  documents: number
  /** Points made for results that never came. */
  made: number
  problems: number
  /** Characters of names, reasons and diagnostics. */
  text: number
}

/** Room of a stream whose bytes are all in memory, or, with `bounded`, of one that may never end. */
export function createRoom(bounded: boolean): Room {
  return { documents: 10_000, made: 5000, problems: 20_000, text: bounded ? 1 << 23 : Infinity }
}

/** Take from the room what some lines need; false where there is not so much left. */
export function takesText(room: Room, lines: readonly string[]): boolean {
  if (room.text === Infinity) return true
  for (const line of lines) room.text -= line.length
  return room.text >= 0
}
