/**
 * The kernel log port as a pipe. A socket would do, but QEMU writes a byte at a time, a socket holds fewer than 300 of
 * such writes, and printk does not wait for a port that is full: a reader that is late once would lose the end of a
 * panic. A pipe holds 64 KiB.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'

export interface ConsolePipe {
  readonly reader: Socket
  /** To be inherited by QEMU, which opens it anew as /dev/fd/N. */
  readonly fd: number
  /** Close our copy of `fd` once QEMU has its own: the reader ends when QEMU does. */
  readonly handOver: () => void
}

/** Both ends of a pipe, as descriptors. */
interface Ends {
  readonly reader: number
  readonly writer: number
}

/** Pipes made at a time, open until they are used: starting mkfifo costs a tenth of what a restored guest takes to start. */
const PIPES_AT_ONCE = 64
const spare: Ends[] = []
let making: Promise<void> | null = null

/** Files that are open for consoles still to come. */
export const spareFiles = (): number => 2 * spare.length

/** A pipe that has no name any more. Throws InfraError when the temporary folder does not take it. */
export async function openConsolePipe(): Promise<ConsolePipe> {
  for (;;) {
    const ends = spare.pop()
    if (ends) {
      const reader = new Socket({ fd: ends.reader, readable: true, writable: false })
      return { reader, fd: ends.writer, handOver: () => closeSync(ends.writer) }
    }
    making ??= makePipes().finally(() => (making = null))
    await making
  }
}

async function makePipes(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  try {
    const paths = Array.from({ length: PIPES_AT_ONCE }, (_, index) => join(folder, String(index)))
    await runCommand('mkfifo', paths)
    for (const path of paths) {
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      spare.push({ reader, writer: openSync(path, constants.O_RDWR) })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
