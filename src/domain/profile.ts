/** Guest profile: how a kernel is booted, and what a case may use of it. Part of a cell's identity. */

export type Accelerator = 'kvm' | 'tcg'

/** `none`: no guest, the kernel of a machine that runs. */
export type ProfileAccelerator = Accelerator | 'none'

/** How QEMU enters the kernel, fastest first; `pc-disk`: by the boot loader of the guest's own disk. */
export type BootMethod = 'microvm-pvh' | 'microvm-bzimage' | 'pc-bzimage' | 'pc-disk'

/**
 * How a guest came to be: booted for this attempt, restored from a saved one, or forked from one that was restored and
 * has run nothing but a warm-up. `running`: no guest, but a machine in use.
 */
export type GuestOrigin = 'booted' | 'restored' | 'forked' | 'running'

export interface GuestProfile {
  readonly arch: 'x86_64'
  readonly accelerator: ProfileAccelerator
  readonly cpus: number
  readonly memoryMiB: number
  /** Words added to the command line by the case, in order. */
  readonly cmdline: readonly string[]
  /**
   * What is around the case: absent for the agent alone, `debian:bookworm` for a disk with that suite and its sshd, `image:HASH`
   * for a disk of the user, `own` for the disk that the kernel itself is on.
   */
  readonly userland?: string
}

/** The profile as one word, part of ids and of words shown to people: `x86_64-tcg-1cpu-1024m`. */
export function profileName(profile: GuestProfile): string {
  const userland = profile.userland === undefined ? [] : [profile.userland]
  const words = [
    profile.arch,
    profile.accelerator,
    `${profile.cpus}cpu`,
    `${profile.memoryMiB}m`,
    ...userland,
    ...profile.cmdline,
  ]
  return words.join('-').replaceAll(/[^\w.=-]/g, '_')
}
