/**
 * The port of the kernel log, as a pipe. QEMU writes single bytes, a socket holds fewer than 300 such writes, and printk does
 * not wait for a full port: a reader that is late once would lose the end of a panic. A pipe holds 64 KiB.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { makeTemporaryFolder } from '#harness/support/scratch.ts'

export interface ConsolePipe {
  readonly reader: Socket
  /** Descriptor that QEMU inherits and opens again as /dev/fd/N. */
  readonly fd: number
  /** Close our copy of `fd` when QEMU has its own, so that the reader ends when QEMU does. */
  readonly handOver: () => void
}

/** Both ends of a pipe, as descriptors. */
interface Ends {
  readonly reader: number
  readonly writer: number
}

/** Pipes made at once and kept open: starting mkfifo takes a tenth of the time in which a guest is restored. */
const PIPES_PER_BATCH = 64
const spare: Ends[] = []
let making: Promise<void> | null = null

/** Number of open files of unused pipes. */
export const spareFiles = (): number => 2 * spare.length

async function takePipe(): Promise<Ends> {
  for (;;) {
    const ends = spare.pop()
    if (ends) return ends
    making ??= makePipes().finally(() => (making = null))
    await making
  }
}

/** A pipe without a name in the file system. Throws InfraError when the temporary folder is full or not writable. */
export async function openConsolePipe(): Promise<ConsolePipe> {
  const { reader: from, writer } = await takePipe()
  const reader = new Socket({ fd: from, readable: true, writable: false })
  return { reader, fd: writer, handOver: () => closeSync(writer) }
}

/** A pipe in the other direction, to QEMU. */
export interface CommandPipe extends Pick<ConsolePipe, 'fd' | 'handOver'> {
  readonly writer: Socket
}

/** The same from this process to QEMU. */
export async function openCommandPipe(): Promise<CommandPipe> {
  const { reader, writer: to } = await takePipe()
  const writer = new Socket({ fd: to, readable: false, writable: true })
  return { writer, fd: reader, handOver: () => closeSync(reader) }
}

async function makePipes(): Promise<void> {
  const folder = await makeTemporaryFolder()
  try {
    const paths = Array.from({ length: PIPES_PER_BATCH }, (_, index) => join(folder, String(index)))
    await runCommand('mkfifo', paths)
    for (const path of paths) {
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      spare.push({ reader, writer: openSync(path, constants.O_RDWR) })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
