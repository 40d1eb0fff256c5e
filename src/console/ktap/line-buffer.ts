/** A pile of diagnostic lines that stays small: the first and the last are kept, how many are left out is said. */

/** Lines kept at either end. */
const HALF = 200

export interface LineBuffer {
  lines: string[]
  leftOut: number
}

/** An empty pile. */
export function createLineBuffer(): LineBuffer {
  return { lines: [], leftOut: 0 }
}

/** Put one line on the pile; past its size a line in the middle goes. */
export function put(pile: LineBuffer, line: string): void {
  if (pile.lines.length === 2 * HALF) {
    pile.lines.splice(HALF, 1)
    pile.leftOut += 1
  }
  pile.lines.push(line)
}

/** Empty the pile onto another. */
export function pour(from: LineBuffer, onto: LineBuffer): void {
  for (const line of takeAll(from)) put(onto, line)
}

/** Empty the pile and give its lines, with a note in the place of those left out. */
export function takeAll(pile: LineBuffer): string[] {
  const { lines, leftOut } = pile
  if (leftOut > 0) lines.splice(HALF, 0, `(${leftOut} lines left out here)`)
  pile.lines = []
  pile.leftOut = 0
  return lines
}
