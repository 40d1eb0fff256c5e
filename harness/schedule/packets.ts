/** Packets of gdb's remote protocol: `$TEXT#CHECKSUM`, with `+` and `-` between them. */

/** A packet with this text, as it is sent. */
export function encodePacket(text: string): Buffer {
  let sum = 0
  const bytes = Buffer.from(text, 'latin1')
  for (const byte of bytes) sum = (sum + byte) & 0xff
  return Buffer.concat([Buffer.from('$'), bytes, Buffer.from(`#${sum.toString(16).padStart(2, '0')}`)])
}

/** Text of a packet, or `damaged`: its checksum is wrong; or `refused`: the other side got one with a wrong checksum. */
export type Packet = { readonly text: string } | 'damaged' | 'refused'

const START = 0x24
const END = 0x23
const REFUSAL = 0x2d

/** A reader that takes chunks and returns the packets completed by each. It skips what lies between packets. */
export function createPacketReader(): (chunk: Buffer) => Packet[] {
  let pending: Buffer = Buffer.alloc(0)

  function next(): Packet | null {
    const start = pending.indexOf(START)
    const end = start < 0 ? -1 : pending.indexOf(END, start)
    const refusal = pending.indexOf(REFUSAL)
    if (refusal >= 0 && (start < 0 || refusal < start)) {
      pending = pending.subarray(refusal + 1)
      return 'refused'
    }
    if (end < 0 || pending.length < end + 3) {
      if (start < 0) pending = Buffer.alloc(0)
      return null
    }
    const text = pending.toString('latin1', start + 1, end)
    const packet = pending.subarray(start, end + 3)
    pending = pending.subarray(end + 3)
    return encodePacket(text).equals(packet) ? { text } : 'damaged'
  }

  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const packets: Packet[] = []
    for (let packet = next(); packet; packet = next()) packets.push(packet)
    return packets
  }
}
