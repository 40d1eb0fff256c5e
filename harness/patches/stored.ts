/** Patches as recipes keep them: UTF-8 as text, any other bytes one character each, so that no byte is lost in JSON. */
import type { Patch } from '#schema/cache/tree.ts'

/** A patch to keep. `bytes` has one character per byte. */
export function storedPatch(name: string, bytes: string): Patch {
  const buffer = Buffer.from(bytes, 'latin1')
  const text = buffer.toString('utf8')
  return Buffer.from(text, 'utf8').equals(buffer) ? { name, text } : { name, text: bytes, encoding: 'latin1' }
}

/** Its bytes, one character each. */
export function bytesOf({ text, encoding }: Patch): string {
  return encoding === 'latin1' ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** What of a patch decides the kernel, for its key. */
export const patchKey = ({ text, encoding }: Patch) => (encoding === undefined ? text : [text, encoding])
