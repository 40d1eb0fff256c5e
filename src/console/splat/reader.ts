/** Read a kernel log: cleaned lines, and the kernel reports among them. */
import type { ConsoleReading } from '#domain/splat.ts'
import { createLineReader } from '../lines.ts'
import { SplatFinder } from './finder.ts'

export interface ConsoleOptions {
  /** Kernel banners that belong here: 1 for a booted guest (the default), 0 for a restored one. */
  readonly expectedBanners?: number
  /** Called with every cleaned line and its 1-based number. */
  readonly onLine?: (line: string, number: number) => void
}

export interface ConsoleReader {
  push(chunk: Uint8Array): void
  finish(): ConsoleReading
}

/**
 * Read a kernel log as it comes, in memory bounded whatever its length. Guest text of any kind is data: nothing is thrown.
 */
export function createConsoleReader(options: ConsoleOptions = {}): ConsoleReader {
  const { expectedBanners = 1, onLine } = options
  const finder = new SplatFinder(expectedBanners)
  const lines = createLineReader((line, number, stamped) => {
    finder.line(line, number, stamped)
    onLine?.(line, number)
  })
  return {
    push: lines.push,
    finish() {
      const { badBytes, droppedMessages } = lines.finish()
      return { ...finder.finish(), droppedMessages, badBytes }
    },
  }
}

/** Lines in one array while a log is read. */
const BLOCK = 1 << 12

/** Read a whole kernel log. `lines[n - 1]` is raw line n, cleaned; the reading's line numbers are these n. */
export function readConsole(
  bytes: Uint8Array,
  options: { readonly expectedBanners?: number } = {},
): { lines: string[]; reading: ConsoleReading } {
  const blocks: string[][] = []
  let block: string[] = []
  const onLine = (line: string) => {
    // A long array would be copied as it grows, and tell the garbage collector of each line.
    if (block.length === BLOCK) {
      blocks.push(block)
      block = []
    }
    block.push(line)
  }
  const reader = createConsoleReader({ ...options, onLine })
  reader.push(bytes)
  const reading = reader.finish()
  return { lines: ([] as string[]).concat(...blocks, block), reading }
}
