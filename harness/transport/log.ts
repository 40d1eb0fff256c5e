/** A log of bounded size: the beginning and the end are kept, what is cut out of the middle is counted. */
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { LogInfo } from '#domain/evidence.ts'

/** Bytes kept of each end. */
const HALF = 1 << 20
const FIRST_ROOM = 1 << 12

export interface BoundedLog {
  readonly write: (chunk: Buffer) => void
  /** Bytes that came so far, kept or not. */
  readonly total: () => number
  /** What is kept, with one line that says how much is missing where something is. */
  readonly bytes: () => Buffer
  /** Write it to a file and say what is in it. */
  readonly save: (path: string) => Promise<LogInfo>
}

/** A new, empty log that keeps `half` bytes of each end. However small the chunks, it holds three times that at most. */
export function createLog(half: number = HALF): BoundedLog {
  /* The beginning, then as much of the end as there is room for; only then is cut, in steps of `half` at least. */
  const most = 3 * half
  let kept = Buffer.alloc(Math.min(most, FIRST_ROOM))
  let used = 0
  let dropped = 0

  function write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += half) add(chunk.subarray(at, at + half))
  }

  /** Take in at most `half` bytes. */
  function add(piece: Buffer): void {
    if (used + piece.length > most) cut()
    if (used + piece.length > kept.length) {
      const larger = Buffer.alloc(Math.min(most, Math.max(kept.length * 2, used + piece.length)))
      kept.copy(larger, 0, 0, used)
      kept = larger
    }
    used += piece.copy(kept, used)
  }

  function cut(): void {
    const excess = Math.max(0, used - 2 * half)
    if (excess > 0) kept.copyWithin(half, half + excess, used)
    used -= excess
    dropped += excess
  }

  function bytes(): Buffer {
    cut()
    const gap = dropped > 0 ? `\n[kwitness: ${dropped} bytes are not kept]\n` : ''
    return Buffer.concat([kept.subarray(0, Math.min(half, used)), Buffer.from(gap), kept.subarray(Math.min(half, used), used)])
  }

  return {
    write,
    total: () => used + dropped,
    bytes,
    save: async (path) => {
      const data = bytes()
      await writeFile(path, data)
      return { file: basename(path), bytes: data.length, droppedBytes: dropped }
    },
  }
}
