/** A guest's disk, and what a session with the sshd on it begins with. */
import type { DiskImage } from '#harness/image/disk/rootfs.ts'
import type { Program } from '#harness/image/program.ts'
import type { Login } from '#harness/transport/ssh2/connection.ts'

/** The disk of a guest, and how to log in to its sshd. */
export interface GuestDisk {
  readonly image: DiskImage
  /** Whether each guest has a layer of its own above the image for what it writes; else all of them share it, read-only. */
  readonly isWritable: boolean
  /** Whether the disk boots by its own boot loader, and its userland is its own, too. */
  readonly boots: boolean
  readonly user: string
  readonly login: Login
  /** Null where the guest makes its keys, so that the first session takes the one that it shows. */
  readonly hostKey: string | null
  /** Folder that the guest sees as a disk of cloud-init's; null without one. */
  readonly seed: string | null
  /** The agent for a session of sshd. */
  readonly agent: Program
}

/** What a session begins with. */
export interface SessionStart {
  /** Milliseconds of performance.now(). */
  readonly deadline: number
  /** Whether the guest was booted just now, and has no agent yet. */
  readonly isNew: boolean
  /** What the attempt runs; for a guest whose disk boots, which has no memory for it. */
  readonly payload: string | null
  /** The host key that this guest has shown before; null for one that was booted just now. */
  readonly hostKey: string | null
}
