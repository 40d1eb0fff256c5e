/** Restore a guest from a snapshot: map its RAM file copy-on-write and load its device state. */
import { open, readFile } from 'node:fs/promises'
import { inSpan } from '#harness/support/spans.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { FD, qemuArguments } from '../qemu/argv.ts'
import { readQemuRelease } from '../qemu/binary.ts'
import { bootFile, diskSpec, greeting, openChannel, type Booted, type BootInputs, type NotBooted } from '../qemu/boot.ts'
import { startQemu, type RunningQemu } from '../qemu/process.ts'
import { ramFile } from './compress.ts'
import { bootLogFile, IGNORE_SHARED, layerFile, stateFile, type Snapshot } from './snapshot.ts'

/** What a restored QEMU can do beside running its guest: be a fork server, be debugged. */
export interface RestoreFeatures {
  readonly forks?: boolean
  readonly debug?: boolean
}

/** Arguments of a QEMU that restores a snapshot. */
export function restoreArguments(
  { bootMethod, folder }: Snapshot,
  inputs: BootInputs,
  payload: string,
  features: RestoreFeatures = {},
): string[] {
  return qemuArguments({
    bootMethod,
    profile: inputs.profile,
    kernel: bootFile(inputs.image, bootMethod) ?? '',
    initramfs: inputs.initramfs.path,
    memory: { kind: 'private', file: ramFile(folder) },
    payload,
    tscKhz: inputs.host.tscKhz,
    disk: diskSpec(inputs.disk, layerFile(folder)),
    ...features,
  })
}

/** What is known of a QEMU that neither resumed the guest nor said why. */
const NO_ANSWER = 'no answer'

interface RestoreOptions {
  /** Seconds in which the state must load; what a boot is given is enough, because a restore is a small part of one. */
  readonly limitSeconds: number
  readonly signal?: AbortSignal | undefined
  readonly debug?: boolean | undefined
}

/** Restore a pristine guest. Returns NotBooted when the state does not load, or another process has removed the snapshot. */
export async function restoreGuest(
  saved: Snapshot,
  inputs: BootInputs,
  payload: string,
  options: RestoreOptions,
): Promise<Booted | NotBooted> {
  const { limitSeconds, signal, debug = false } = options
  const { bootMethod } = saved
  const argv = restoreArguments(saved, inputs, payload, { debug })
  const failed = (why: string): NotBooted => {
    const reason = `the snapshot did not load: ${why}`
    return {
      ok: false,
      reason,
      bootMethod,
      argv,
      console: Buffer.alloc(0),
      end: 'guest ended',
      qemuFailed: false,
      lacksRoom: false,
    }
  }
  const bootLog = await readFile(bootLogFile(saved.folder)).catch(whenUnreadable(null))
  const started = performance.now()
  const state = await open(stateFile(saved.folder), 'r').catch(whenUnreadable(null))
  if (bootLog === null || state === null) {
    await state?.close()
    return failed('another process removed it')
  }
  const qemu = await inSpan('spawn', () => startQemu(argv, { stateFd: state.fd, signal, debug }))
  const deadline = started + limitSeconds * 1000
  // A console that nobody reads before the state is loaded holds the little that QEMU itself says.
  const channelOfPort = inputs.disk ? null : new GuestChannel(qemu, bootLog)
  const problemOfLoad = await loadState(qemu, deadline)
  await state.close()
  if (problemOfLoad !== null) return failed(await whyNotLoaded(qemu, problemOfLoad))
  const { channel, problem } = channelOfPort
    ? { channel: channelOfPort, problem: null }
    : await openChannel(qemu, inputs, { deadline, bootLog, payload, hostKey: saved.hostKey, signal })
  const readySeconds = (performance.now() - started) / 1000
  const hello = channelOfPort ? saved.hello : problem === null ? await greeting(channel, deadline) : null
  if (hello) return { ok: true, qemu, channel, hello, bootMethod, argv, readySeconds }
  await qemu.kill()
  return failed(problem ?? 'its agent did not greet')
}

/**
 * Where QEMU finds the state, a file that it inherited. QEMU 11 takes no file for `fd:` any more ("migration to a file is not
 * supported. Use file: instead."), and `file:` is there since 8.2. After a refusal nothing can be tried again.
 */
async function stateUri(): Promise<string> {
  const [major] = await readQemuRelease()
  return major >= 9 ? `file:/proc/self/fd/${FD.state}` : `fd:${FD.state}`
}

/** End a QEMU that did not load a state, and give what it said of that, else what is known. */
export async function whyNotLoaded(qemu: RunningQemu, problem: string): Promise<string> {
  const { stderr } = await qemu.kill()
  return stderr.split('\n').findLast((line) => line !== '') ?? problem
}

/**
 * Load the device state. Returns null, or why that failed. The guest was saved running, so QEMU resumes it and sends RESUME.
 */
export async function loadState(qemu: RunningQemu, deadline: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const resumed = new Promise<boolean>((resolve) => {
    qemu.qmp.onEvent(({ event }) => event === 'RESUME' && resolve(true))
    timer = setTimeout(() => resolve(false), deadline - performance.now())
    void qemu.exited.then(() => resolve(false))
  })
  const load = async (): Promise<boolean> => {
    await inSpan('QEMU start', () => qemu.qmp.execute('migrate-set-capabilities', IGNORE_SHARED))
    return inSpan('restore', async () => {
      await qemu.qmp.execute('migrate-incoming', { uri: await stateUri() })
      return resumed
    })
  }
  const loading = load().then(
    (isRunning) => (isRunning ? null : NO_ANSWER),
    (error: Error) => error.message,
  )
  try {
    /* Do not wait for a QEMU that never answers. */
    return await Promise.race([loading, resumed.then((isRunning) => (isRunning ? loading : NO_ANSWER))])
  } finally {
    clearTimeout(timer)
  }
}
