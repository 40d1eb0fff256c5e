/**
 * The agent's frames in a byte stream: `KW KEY TYPE BYTES\n`, that many bytes, `\n`.
 * Anything else, or a frame with another key, is data too: it is returned once as `garbled`, and the reader stops there.
 */

/** `sync` asks for an answer as soon as all before it has arrived. */
export type FrameType = 'hello' | 'out' | 'end' | 'hung' | 'pong' | 'sync' | 'error'

export type Frame = { readonly type: FrameType; readonly body: Buffer } | { readonly type: 'garbled'; readonly body: Buffer }

const HEADER = /^KW (\S{1,31}) (hello|out|end|hung|pong|sync|error) (\d{1,7})$/
const MAX_HEADER_BYTES = 64
/** The key of frames before the agent gets one. */
export const NO_KEY = '-'
const MAX_BODY_BYTES = 1 << 20

/** A reader that takes chunks and returns the frames completed by each. It calls `key` for every frame. */
export function createFrameReader(key: () => string = () => NO_KEY): (chunk: Buffer) => Frame[] {
  let pending: Buffer = Buffer.alloc(0)
  let isStopped = false

  function next(): Frame | null {
    if (isStopped) return null
    const newline = pending.indexOf(0x0a)
    if (newline < 0 && pending.length <= MAX_HEADER_BYTES) return null
    const match = newline >= 0 && newline <= MAX_HEADER_BYTES ? HEADER.exec(pending.toString('latin1', 0, newline)) : null
    const length = Number(match?.[3])
    if (!match || match[1] !== key() || length > MAX_BODY_BYTES) return garbled()
    const start = newline + 1
    if (pending.length < start + length + 1) return null
    if (pending[start + length] !== 0x0a) return garbled()
    const body = Buffer.from(pending.subarray(start, start + length))
    pending = pending.subarray(start + length + 1)
    return { type: match[2] as FrameType, body }
  }

  function garbled(): Frame {
    isStopped = true
    const body = Buffer.from(pending.subarray(0, 200))
    pending = Buffer.alloc(0)
    return { type: 'garbled', body }
  }

  return (chunk) => {
    if (isStopped) return []
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const frames: Frame[] = []
    for (let frame = next(); frame; frame = next()) frames.push(frame)
    return frames
  }
}
