/** A log of bounded size: it keeps the beginning and the end, and counts the bytes dropped between them. */
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { LogInfo } from '#domain/evidence.ts'

/** Bytes kept at each end. */
const END_BYTES = 1 << 20
const INITIAL_BYTES = 1 << 12

export interface BoundedLog {
  readonly write: (chunk: Buffer) => void
  /** Number of bytes written so far, kept or dropped. */
  readonly total: () => number
  /** The kept bytes, with one line between the ends that says how many are missing, if any. */
  readonly bytes: () => Buffer
  /** Write it to a file and return its name and sizes. Throws the error of the file system. */
  readonly save: (path: string) => Promise<LogInfo>
}

/** An empty log that keeps `half` bytes at each end. It uses at most three times that, however small the chunks are. */
export function createLog(half: number = END_BYTES): BoundedLog {
  /* Holds the beginning and then as much of the end as fits; a full buffer is cut by at least `half` bytes at once. */
  const capacity = 3 * half
  let kept = Buffer.alloc(Math.min(capacity, INITIAL_BYTES))
  let used = 0
  let dropped = 0

  function write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += half) add(chunk.subarray(at, at + half))
  }

  /** Append at most `half` bytes. */
  function add(piece: Buffer): void {
    if (used + piece.length > capacity) cut()
    if (used + piece.length > kept.length) {
      const larger = Buffer.alloc(Math.min(capacity, Math.max(kept.length * 2, used + piece.length)))
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
