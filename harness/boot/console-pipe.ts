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
import { runCommand } from '../process.ts'

export interface ConsolePipe {
  readonly reader: Socket
  /** To be inherited by QEMU, which opens it anew as /dev/fd/N. */
  readonly fd: number
  /** Close our copy of `fd` once QEMU has its own: the reader ends when QEMU does. */
  readonly handOver: () => void
}

/** Make a pipe that has no name any more. Throws InfraError when the temporary folder does not take it. */
export async function openConsolePipe(): Promise<ConsolePipe> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  try {
    const path = join(folder, 'console')
    await runCommand('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const fd = openSync(path, constants.O_RDWR)
    return { reader: new Socket({ fd: reader, readable: true, writable: false }), fd, handOver: () => closeSync(fd) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
