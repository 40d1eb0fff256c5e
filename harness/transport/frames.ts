/**
 * The agent's frames, read from a byte stream: `KW <key> <type> <bytes>\n`, that many bytes, `\n`.
 * What is no frame, or one with another key, is data too: it comes out as `garbled`, once, and reading stops there.
 */

export type FrameType = 'hello' | 'out' | 'end' | 'hung' | 'pong' | 'error'

export type Frame = { readonly type: FrameType; readonly body: Buffer } | { readonly type: 'garbled'; readonly body: Buffer }

const HEADER = /^KW (\S{1,31}) (hello|out|end|hung|pong|error) (\d{1,7})$/
const LONGEST_HEADER = 64
/** The key of frames before the guest was given one. */
export const NO_KEY = '-'
const LARGEST_BODY = 1 << 20

/** A reader that is fed chunks as they come and gives the frames that are whole. `key` is asked for every frame. */
export function createFrameReader(key: () => string = () => NO_KEY): (chunk: Buffer) => Frame[] {
  let pending: Buffer = Buffer.alloc(0)
  let broken = false

  function next(): Frame | null {
    if (broken) return null
    const newline = pending.indexOf(0x0a)
    if (newline < 0 && pending.length <= LONGEST_HEADER) return null
    const match = newline >= 0 && newline <= LONGEST_HEADER ? HEADER.exec(pending.toString('latin1', 0, newline)) : null
    const length = Number(match?.[3])
    if (!match || match[1] !== key() || length > LARGEST_BODY) return garbled()
    const start = newline + 1
    if (pending.length < start + length + 1) return null
    if (pending[start + length] !== 0x0a) return garbled()
    const body = Buffer.from(pending.subarray(start, start + length))
    pending = pending.subarray(start + length + 1)
    return { type: match[2] as FrameType, body }
  }

  function garbled(): Frame {
    broken = true
    const body = Buffer.from(pending.subarray(0, 200))
    pending = Buffer.alloc(0)
    return { type: 'garbled', body }
  }

  return (chunk) => {
    if (broken) return []
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const frames: Frame[] = []
    for (let frame = next(); frame; frame = next()) frames.push(frame)
    return frames
  }
}
