/** Boot a kernel to the agent's first word, by one road or by the fastest that works. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { KernelImage } from '#domain/kernel.ts'
import type { BootMethod, GuestProfile } from '#domain/profile.ts'
import type { Host } from './host.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'
import { helloSchema, type Hello } from '#schema/guest.ts'
import { readJson } from '#schema/read.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { qemuArguments, type GuestMemory } from './argv.ts'
import { startQemu, type RunningQemu } from './process.ts'

/** Fastest first. */
export const BOOT_METHODS: readonly BootMethod[] = ['microvm-pvh', 'microvm-bzimage', 'pc-bzimage']

/** Everything a guest's first word depends on. */
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
  readonly road: BootMethod
  readonly argv: readonly string[]
  /** Host seconds from exec of QEMU to the agent's first word. */
  readonly readySeconds: number
}

export interface NotBooted {
  readonly ok: false
  readonly reason: string
  readonly road: BootMethod
  readonly argv: readonly string[]
  readonly console: Buffer
  /** QEMU itself refused or was killed: nothing is said about the kernel. */
  readonly qemuFailed: boolean
  /** QEMU could not touch its guest's RAM: no disk takes the file it lies in. */
  readonly lacksRoom: boolean
}

/** The file that a road boots, or null when this image has none. */
export function bootFile(image: KernelImage, road: BootMethod): string | null {
  return road === 'microvm-pvh' ? image.vmlinux : image.bzImage
}

/** Boot by one road. What goes wrong is a NotBooted with its console, never an exception. */
export async function bootBy(
  road: BootMethod,
  kernel: string,
  inputs: BootInputs,
  options: {
    readonly memory: GuestMemory
    readonly payload: string | null
    readonly limitSeconds: number
    readonly signal?: AbortSignal | undefined
  },
): Promise<Booted | NotBooted> {
  const { profile, initramfs, host } = inputs
  const { memory, payload } = options
  const argv = qemuArguments({ road, profile, kernel, initramfs: initramfs.path, memory, payload, tscKhz: host.tscKhz })
  const started = performance.now()
  const qemu = await startQemu(argv, { signal: options.signal })
  const channel = new GuestChannel(qemu)
  const event = await channel.next(started + options.limitSeconds * 1000)
  const hello =
    event.kind === 'frame' && event.frame.type === 'hello' ? readJson(helloSchema, event.frame.body.toString('utf8')) : null
  if (hello) {
    return { ok: true, qemu, channel, hello, road, argv, readySeconds: (performance.now() - started) / 1000 }
  }
  const exit = await qemu.kill()
  const reason =
    event.kind === 'timeout'
      ? `the agent did not speak within ${options.limitSeconds.toFixed(0)} s`
      : event.kind === 'frame'
        ? `the agent's port said something else: ${JSON.stringify(event.frame.body.toString('latin1').slice(0, 80))}`
        : qemu.stopReason()
          ? `the guest stopped before the agent spoke (${qemu.stopReason()})`
          : `QEMU ended before the agent spoke (${exit.signal ?? exit.code}) ${exit.stderr}`.trim()
  const qemuFailed =
    event.kind === 'exited' &&
    qemu.stopReason() === null &&
    (exit.signal !== null || (exit.code !== 0 && channel.console.total() === 0))
  const lacksRoom = qemuFailed && exit.signal === 'SIGBUS'
  return { ok: false, reason, road, argv, console: channel.console.bytes(), qemuFailed, lacksRoom }
}

function roadFile(cache: string, inputs: BootInputs): string {
  const key = createHash('sha256').update(JSON.stringify([inputs.image.sha256, inputs.host.qemu, inputs.profile.accelerator]))
  return join(cache, 'roads', key.digest('hex').slice(0, 32))
}

/**
 * Boot by the road that is known to work for this kernel here, else by the fastest that does, and remember it.
 * `prepare` gives the memory for each try, so that a failed one leaves nothing in the next one's file.
 */
export async function bootFastest(
  cache: string,
  inputs: BootInputs,
  prepare: () => Promise<GuestMemory>,
  options: { readonly payload: string | null; readonly limitSeconds: number; readonly signal?: AbortSignal | undefined },
): Promise<Booted | NotBooted> {
  const memo = roadFile(cache, inputs)
  const known = await readFile(memo, 'utf8').catch(() => null)
  const order = [...BOOT_METHODS].toSorted((a, b) => Number(b === known) - Number(a === known))
  const failures: NotBooted[] = []
  for (const road of order) {
    const kernel = bootFile(inputs.image, road)
    if (kernel === null || options.signal?.aborted) continue
    const result = await bootBy(road, kernel, inputs, { ...options, memory: await prepare() })
    if (result.ok) {
      if (road !== known) {
        await mkdir(join(cache, 'roads'), { recursive: true })
        await writeFile(memo, road)
      }
      return result
    }
    failures.push(result)
  }
  const last = failures.at(-1)
  if (!last)
    return {
      ok: false,
      reason: 'there is no boot file for any road',
      road: 'pc-bzimage',
      argv: [],
      console: Buffer.alloc(0),
      qemuFailed: false,
      lacksRoom: false,
    }
  const qemuFailed = failures.every((failure) => failure.qemuFailed)
  return { ...last, qemuFailed, reason: failures.map(({ road, reason }) => `${road}: ${reason}`).join('; ') }
}
