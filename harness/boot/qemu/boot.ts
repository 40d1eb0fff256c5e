/** Boot a kernel until the agent greets, by one boot method or by the fastest that works. */
import { readFile } from 'node:fs/promises'
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

/** The fastest first. */
export const BOOT_METHODS: readonly BootMethod[] = ['microvm-pvh', 'microvm-bzimage', 'pc-bzimage']

/** Everything that the state of a booted guest depends on. */
export interface BootInputs {
  readonly image: KernelImage
  readonly initramfs: Initramfs
  readonly profile: GuestProfile
  readonly host: Pick<Host, 'qemu' | 'kernel' | 'cpuModel' | 'cpuFeatures' | 'tscKhz'>
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

/** The file that a boot method boots; null when the image does not have it. */
export function bootFile(image: KernelImage, bootMethod: BootMethod): string | null {
  return bootMethod === 'microvm-pvh' ? image.vmlinux : image.bzImage
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
  },
): Promise<Booted | NotBooted> {
  const { profile, initramfs, host } = inputs
  const { memory, payload, debug = false } = options
  const guest = { bootMethod, profile, kernel, initramfs: initramfs.path, memory, payload, tscKhz: host.tscKhz, debug }
  const argv = qemuArguments(guest)
  const started = performance.now()
  const qemu = await startQemu(argv, { signal: options.signal, debug })
  const channel = new GuestChannel(qemu)
  const event = await channel.next(started + options.limitSeconds * 1000)
  const hello =
    event.kind === 'frame' && event.frame.type === 'hello' ? readJson(helloSchema, event.frame.body.toString('utf8')) : null
  if (hello) {
    return { ok: true, qemu, channel, hello, bootMethod, argv, readySeconds: (performance.now() - started) / 1000 }
  }
  const exit = await qemu.kill()
  const reason =
    event.kind === 'timeout'
      ? `the agent did not greet within ${options.limitSeconds.toFixed(0)} s`
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
    event.kind === 'timeout' ? 'silent' : !qemuFailed ? 'guest ended' : exit.signal === null ? 'QEMU gave up' : 'QEMU was killed'
  const lacksRoom = qemuFailed && exit.signal === 'SIGBUS'
  return { ok: false, reason, bootMethod, argv, console: channel.console.bytes(), end, qemuFailed, lacksRoom }
}

function methodFile(cache: string, inputs: BootInputs): string {
  const key = createHash('sha256').update(JSON.stringify([inputs.image.sha256, inputs.host.qemu, inputs.profile.accelerator]))
  return join(cache, 'boot-methods', key.digest('hex').slice(0, 32))
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
  },
): Promise<Booted | NotBooted> {
  const file = methodFile(cache, inputs)
  const known = await readFile(file, 'utf8').catch(whenUnreadable(null))
  const order = [...BOOT_METHODS].toSorted((a, b) => Number(b === known) - Number(a === known))
  const failures: NotBooted[] = []
  for (const bootMethod of order) {
    const kernel = bootFile(inputs.image, bootMethod)
    if (kernel === null || options.signal?.aborted) continue
    const result = await bootWith(bootMethod, kernel, inputs, { ...options, memory: await prepare() })
    if (result.ok) {
      if (bootMethod !== known) {
        await makeFolder(join(cache, 'boot-methods'))
        await replaceFile(file, bootMethod)
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
