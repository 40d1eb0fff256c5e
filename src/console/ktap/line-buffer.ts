/** A buffer of diagnostic lines that stays small: it keeps the first and the last, and counts those left out between them. */

/** Lines kept at either end. */
const HALF = 200

const NOTHING: string[] = []

export interface LineBuffer {
  head: string[]
  /** A ring once it is full: `next` is then its oldest line. */
  tail: string[]
  next: number
  leftOut: number
}

/** An empty buffer. */
export function createLineBuffer(): LineBuffer {
  return { head: NOTHING, tail: NOTHING, next: 0, leftOut: 0 }
}

/** Whether it holds nothing. */
export function isBlank(buffer: LineBuffer): boolean {
  return buffer.head.length === 0
}

/** Append one line; past the buffer's size a line in the middle goes. */
export function append(buffer: LineBuffer, line: string): void {
  const { head, tail } = buffer
  if (head.length === 0) buffer.head = [line]
  // An array that is pushed to gets room for 16 more, and a stream can have as many results as lines, with two lines each.
  else if (head.length === 1) buffer.head = [head[0]!, line]
  else if (head.length < HALF) head.push(line)
  else if (tail.length === 0) buffer.tail = [line]
  else if (tail.length < HALF) tail.push(line)
  else {
    tail[buffer.next] = line
    buffer.next = (buffer.next + 1) % HALF
    buffer.leftOut += 1
  }
}

/** Move the lines of one buffer to the end of another: at once where that is empty, for a stream can do it with every line. */
export function drainInto(from: LineBuffer, onto: LineBuffer): void {
  if (isBlank(from)) return
  const { leftOut } = from
  if (isBlank(onto)) {
    onto.head = from.head
    onto.tail = from.tail
    onto.next = from.next
    empty(from)
  } else {
    // Without the note: where lines were left out, the last ones fill the tail, and what went lies right before it.
    from.leftOut = 0
    for (const line of drain(from)) append(onto, line)
  }
  onto.leftOut += leftOut
}

/** Empty a buffer, and return its lines as another. */
export function detach(from: LineBuffer): LineBuffer {
  const lines = createLineBuffer()
  drainInto(from, lines)
  return lines
}

function empty(buffer: LineBuffer): void {
  buffer.head = NOTHING
  buffer.tail = NOTHING
  buffer.next = 0
  buffer.leftOut = 0
}

/** Empty the buffer and return its lines, with a note in the place of those left out. The array is not to be changed. */
export function drain(buffer: LineBuffer): string[] {
  const { head, tail, next, leftOut } = buffer
  if (head.length === 0) return NOTHING
  empty(buffer)
  if (tail.length === 0) return head
  const note = leftOut > 0 ? [leftOutNote(leftOut)] : []
  return [...head, ...note, ...tail.slice(next), ...tail.slice(0, next)]
}

/** What stands in the place of lines that were not kept. */
export function leftOutNote(count: number): string {
  return `(${count} lines left out here)`
}
