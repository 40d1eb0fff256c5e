/** Boot a kernel until the agent greets, by one boot method or by the fastest that works. */
import { readFile, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { KernelImage } from '#domain/kernel.ts'
import type { BootMethod, GuestProfile } from '#domain/profile.ts'
import type { Host } from './host.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'
import { helloSchema, type Hello } from '#schema/guest.ts'
import { readJson } from '#schema/read.ts'
import { makeFolder, replaceFile, whenUnreadable } from '#harness/support/workspace.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { qemuArguments, type GuestMemory } from './argv.ts'
import { startQemu, type RunningQemu } from './process.ts'
import type { DiskSpec } from './disk-argv.ts'
import { CONSOLE_MARK } from './own-disk.ts'
import type { GuestDisk } from './guest-disk.ts'
import { createGuestSession } from './session.ts'

/** The fastest first. */
export const BOOT_METHODS: readonly BootMethod[] = ['microvm-pvh', 'microvm-bzimage', 'pc-bzimage']

/** Everything that the state of a booted guest depends on. */
export interface BootInputs {
  readonly image: KernelImage
  readonly initramfs: Initramfs
  readonly profile: GuestProfile
  readonly host: Pick<Host, 'qemu' | 'kernel' | 'cpuModel' | 'cpuFeatures' | 'tscKhz'>
  /** For a guest that has its root on a disk, and its agent in a session of sshd. */
  readonly disk?: GuestDisk
}

export interface Booted {
  readonly ok: true
  readonly qemu: RunningQemu
  readonly channel: GuestChannel
  readonly hello: Hello
  readonly bootMethod: BootMethod
  readonly argv: readonly string[]
  /** Host seconds from exec of QEMU to the agent's greeting. */
  readonly readySeconds: number
  /** Ends what a saved guest cannot have: the session of its agent. */
  readonly detach?: () => Promise<void>
  /** The host key of its sshd; absent without one. */
  readonly hostKey?: string | undefined
}

export interface NotBooted {
  readonly ok: false
  readonly reason: string
  readonly bootMethod: BootMethod
  readonly argv: readonly string[]
  readonly console: Buffer
  /** Nothing was heard in time, the guest ended, QEMU gave up, or somebody killed QEMU. */
  readonly end: 'silent' | 'guest ended' | 'QEMU gave up' | 'QEMU was killed'
  /** QEMU itself failed or was killed, which says nothing about the kernel. */
  readonly qemuFailed: boolean
  /** QEMU could not write to its guest's RAM: the disk with the RAM file is full. */
  readonly lacksRoom: boolean
}

/** What PID 1 of a guest with a disk (vm-images/rootfs/init.c) logs when it starts sshd. A session says whether it is there. */
const SSHD_HINT = 'kwitness: starting sshd'
/** A firmware, the bus and a userland come up, which takes several times what the agent alone takes. */
const DISK_BOOT_FACTOR = 6
/** A boot loader, all services of a system, and cloud-init on its first boot. */
const OWN_BOOT_FACTOR = 18
/** Milliseconds in which the console must show what was logged. */
const CONSOLE_MS = 5000

/** How a guest uses its disk; `layer` is what a guest has written above its image, kept where `isKept`. */
export function diskSpec(disk: GuestDisk | undefined, layer: string | null, isKept = false): DiskSpec | undefined {
  if (disk === undefined) return undefined
  const { path: image, format } = disk.image
  const access = !disk.isWritable ? 'shared' : isKept ? 'layer' : 'temporary'
  return { image, format, access, boots: disk.boots, layer: disk.isWritable ? layer : null, seed: disk.seed }
}

interface ChannelOptions {
  readonly deadline: number
  /** The console so far, of a guest that was restored. */
  readonly bootLog?: Buffer
  readonly payload: string | null
  /** That the guest has shown before it was saved. */
  readonly hostKey?: string | undefined
  readonly signal?: AbortSignal | undefined
}

interface OpenedChannel {
  readonly channel: GuestChannel
  readonly detach?: () => Promise<void>
  readonly hostKey?: string
  /** Why there is no agent behind it; null where there is one. */
  readonly problem: string | null
}

/** The channel to the agent of a running guest: a serial port, or a session that begins before the deadline. */
export async function openChannel(
  qemu: RunningQemu,
  { disk }: Pick<BootInputs, 'disk'>,
  { deadline, bootLog, payload, hostKey = undefined, signal }: ChannelOptions,
): Promise<OpenedChannel> {
  if (disk === undefined) return { channel: new GuestChannel(qemu, bootLog), problem: null }
  const session = createGuestSession(qemu, disk, signal)
  const { agent, lost, begin, end } = session
  // Before the session: somebody must read the console.
  const channel = new GuestChannel({ console: qemu.console, agent, exited: qemu.exited, lost }, bootLog)
  const isNew = bootLog === undefined
  // QEMU answers a connection before its guest does, and then asks the guest again after seconds only: the first try comes late.
  if (isNew && !disk.boots) await channel.waitForConsole(SSHD_HINT, performance.now() + (deadline - performance.now()) / 2)
  const begun = await begin({ deadline, isNew, payload, hostKey: hostKey ?? null })
  if ('problem' in begun) return { channel, detach: end, problem: begun.problem }
  const isHeard = !disk.boots || !isNew || (await channel.waitForConsole(CONSOLE_MARK, performance.now() + CONSOLE_MS))
  return { channel, detach: end, hostKey: begun.hostKey, problem: isHeard ? null : NO_CONSOLE }
}

/** By these others end QEMU. By another one it ends itself, as by SIGABRT where KVM does not do what it must. */
const SENT_BY_OTHERS = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBUS'])

const NO_CONSOLE = 'its kernel does not log to the first serial port, so it cannot be judged: boot it with console=ttyS0'

/** The file that a boot method boots; null when the image does not have it. */
export function bootFile(image: KernelImage, bootMethod: BootMethod): string | null {
  if (bootMethod === 'pc-disk') return ''
  return bootMethod === 'microvm-pvh' ? image.vmlinux : image.bzImage
}

/** What the agent greets with; null where something else comes, or nothing before the deadline. */
export async function greeting(channel: GuestChannel, deadline: number): Promise<Hello | null> {
  return helloOf(await channel.next(deadline))
}

function helloOf(event: Awaited<ReturnType<GuestChannel['next']>>): Hello | null {
  if (event.kind !== 'frame' || event.frame.type !== 'hello') return null
  return readJson(helloSchema, event.frame.body.toString('utf8'))
}

/** Boot with one method. Returns a NotBooted with its console when that fails, and never throws for it. */
export async function bootWith(
  bootMethod: BootMethod,
  kernel: string,
  inputs: BootInputs,
  options: {
    readonly memory: GuestMemory
    readonly payload: string | null
    readonly limitSeconds: number
    readonly signal?: AbortSignal | undefined
    /** With a port for QEMU's debugger. */
    readonly debug?: boolean | undefined
    /** Path of a new layer above the image of the guest's disk, which is kept; without it what the guest writes is lost. */
    readonly layer?: string | null
  },
): Promise<Booted | NotBooted> {
  const { profile, initramfs, host } = inputs
  const { memory, payload, debug = false } = options
  const layer = options.layer ?? null
  const disk = diskSpec(inputs.disk, layer, layer !== null)
  const guest = { bootMethod, profile, kernel, initramfs: initramfs.path, memory, payload, tscKhz: host.tscKhz, debug, disk }
  const argv = qemuArguments(guest)
  const limitSeconds = options.limitSeconds * bootFactor(inputs)
  const started = performance.now()
  const deadline = started + limitSeconds * 1000
  const qemu = await startQemu(argv, { signal: options.signal, debug })
  const opened = await openChannel(qemu, inputs, { deadline, payload, signal: options.signal })
  const { channel, detach, hostKey, problem } = opened
  const event = await channel.next(problem === null ? deadline : performance.now())
  const hello = problem === null ? helloOf(event) : null
  if (hello) {
    const readySeconds = (performance.now() - started) / 1000
    return { ok: true, qemu, channel, hello, bootMethod, argv, readySeconds, hostKey, ...(detach && { detach }) }
  }
  const exit = await qemu.kill()
  const reason =
    event.kind === 'timeout' || event.kind === 'lost' || problem === NO_CONSOLE
      ? problem === null
        ? `the agent did not greet within ${limitSeconds.toFixed(0)} s`
        : `no session with its sshd: ${problem}`
      : event.kind === 'frame'
        ? `the agent sent something else than a greeting: ${JSON.stringify(event.frame.body.toString('latin1').slice(0, 80))}`
        : qemu.stopReason()
          ? `the guest stopped before the agent greeted (${qemu.stopReason()})`
          : `QEMU ended before the agent greeted (${exit.signal ?? exit.code}) ${exit.stderr}`.trim()
  const qemuFailed =
    event.kind === 'exited' &&
    qemu.stopReason() === null &&
    (exit.signal !== null || (exit.code !== 0 && channel.console.total() === 0))
  const end =
    event.kind === 'timeout' || event.kind === 'lost'
      ? 'silent'
      : !qemuFailed
        ? 'guest ended'
        : exit.signal !== null && SENT_BY_OTHERS.has(exit.signal)
          ? 'QEMU was killed'
          : 'QEMU gave up'
  const lacksRoom = qemuFailed && exit.signal === 'SIGBUS'
  return { ok: false, reason, bootMethod, argv, console: channel.console.bytes(), end, qemuFailed, lacksRoom }
}

/** How many times the limit of a guest with the agent alone a boot may take. */
function bootFactor({ disk }: BootInputs): number {
  if (disk === undefined) return 1
  return disk.boots ? OWN_BOOT_FACTOR : DISK_BOOT_FACTOR
}

function methodFile(cache: string, inputs: BootInputs): string {
  const key = createHash('sha256').update(JSON.stringify([inputs.image.sha256, inputs.host.qemu, inputs.profile.accelerator]))
  return join(cache, 'boot-methods', key.digest('hex').slice(0, 32))
}

/** How long a method is taken first where a faster one was silent: perhaps the host was loaded. */
const DOUBTFUL_METHOD_MS = 60 * 60_000
const DOUBTFUL = ' (doubtful)'

/** The note that a method worked, after others that failed: doubtful where the failure may have been the host's. */
export function methodNote(bootMethod: BootMethod, failures: readonly Pick<NotBooted, 'end' | 'lacksRoom'>[]): string {
  const isDoubtful = failures.some(({ end, lacksRoom }) => end === 'silent' || end === 'QEMU was killed' || lacksRoom)
  return `${bootMethod}${isDoubtful ? DOUBTFUL : ''}`
}

/** The method that a note names; null where there is none, or it is doubtful and old. */
export async function readMethod(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(whenUnreadable(null))
  if (text === null || !text.endsWith(DOUBTFUL)) return text
  const { mtimeMs } = await stat(file).catch(whenUnreadable({ mtimeMs: 0 }))
  const age = Date.now() - mtimeMs
  return age >= 0 && age < DOUBTFUL_METHOD_MS ? text.slice(0, -DOUBTFUL.length) : null
}

/**
 * Boot with the method that worked for this kernel on this host before, else with the fastest that works, and store which.
 * Calls `prepare` for the memory of each try, so that a failed one leaves nothing in the next one's file.
 */
export async function bootFastest(
  cache: string,
  inputs: BootInputs,
  prepare: () => Promise<GuestMemory>,
  options: {
    readonly payload: string | null
    readonly limitSeconds: number
    readonly signal?: AbortSignal | undefined
    readonly debug?: boolean | undefined
    /** As of bootWith; it is new for each try. */
    readonly layer?: string | null
  },
): Promise<Booted | NotBooted> {
  const file = methodFile(cache, inputs)
  const known = await readMethod(file)
  // Disk and network are on the PCI bus.
  const ofDisk: BootMethod = inputs.disk?.boots ? 'pc-disk' : 'pc-bzimage'
  const methods = inputs.disk === undefined ? BOOT_METHODS : [ofDisk]
  const order = [...methods].toSorted((a, b) => Number(b === known) - Number(a === known))
  const failures: NotBooted[] = []
  for (const bootMethod of order) {
    const kernel = bootFile(inputs.image, bootMethod)
    if (kernel === null || options.signal?.aborted) continue
    const result = await bootWith(bootMethod, kernel, inputs, { ...options, memory: await prepare() })
    if (result.ok) {
      if (bootMethod !== known) {
        await makeFolder(join(cache, 'boot-methods'))
        await replaceFile(file, methodNote(bootMethod, failures))
      }
      return result
    }
    failures.push(result)
  }
  const last = failures.at(-1)
  if (!last)
    return {
      ok: false,
      reason: 'the kernel has no file to boot',
      bootMethod: 'pc-bzimage',
      argv: [],
      console: Buffer.alloc(0),
      end: 'guest ended',
      qemuFailed: false,
      lacksRoom: false,
    }
  const qemuFailed = failures.every((failure) => failure.qemuFailed)
  return { ...last, qemuFailed, reason: failures.map(({ bootMethod, reason }) => `${bootMethod}: ${reason}`).join('; ') }
}
