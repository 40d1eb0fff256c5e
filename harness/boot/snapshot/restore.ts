/** Restore a guest: its RAM file mapped copy-on-write, its devices' state loaded. Pristine, in the time QEMU needs to start. */
import { open, readFile } from 'node:fs/promises'
import { inSpan } from '#harness/support/spans.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { FD, qemuArguments } from '../qemu/argv.ts'
import { bootFile, type Booted, type BootInputs, type NotBooted } from '../qemu/boot.ts'
import { startQemu, type RunningQemu } from '../qemu/process.ts'
import { ramFile } from './compress.ts'
import { bootLogFile, IGNORE_SHARED, stateFile, type Snapshot } from './snapshot.ts'

const RESTORE_SECONDS = 20

/** Arguments of a QEMU that a saved guest is restored in; it may fork when it is to. */
export function restoreArguments({ road, folder }: Snapshot, inputs: BootInputs, payload: string, forks = false): string[] {
  return qemuArguments({
    road,
    profile: inputs.profile,
    kernel: bootFile(inputs.image, road) ?? '',
    initramfs: inputs.initramfs.path,
    memory: { kind: 'private', file: ramFile(folder) },
    payload,
    tscKhz: inputs.host.tscKhz,
    forks,
  })
}

/** Start a pristine guest from a saved one. A state that does not load, or is gone meanwhile, is NotBooted. */
export async function restoreGuest(
  saved: Snapshot,
  inputs: BootInputs,
  payload: string,
  signal?: AbortSignal,
): Promise<Booted | NotBooted> {
  const { road } = saved
  const argv = restoreArguments(saved, inputs, payload)
  const failed = (why: string): NotBooted => {
    const reason = `the saved guest did not load: ${why}`
    return { ok: false, reason, road, argv, console: Buffer.alloc(0), qemuFailed: false, lacksRoom: false }
  }
  const before = await readFile(bootLogFile(saved.folder)).catch(() => null)
  const started = performance.now()
  const state = await open(stateFile(saved.folder), 'r').catch(() => null)
  if (before === null || state === null) {
    await state?.close()
    return failed('somebody removed it')
  }
  const qemu = await inSpan('spawn', () => startQemu(argv, { stateFd: state.fd, signal }))
  const channel = new GuestChannel(qemu, before)
  const running = await loadState(qemu, started + RESTORE_SECONDS * 1000)
  await state.close()
  const readySeconds = (performance.now() - started) / 1000
  if (running) return { ok: true, qemu, channel, hello: saved.hello, road, argv, readySeconds }
  return failed((await qemu.kill()).stderr || 'no answer')
}

/** Load the state; the guest was saved running, so it goes on by itself and says RESUME. */
export async function loadState(qemu: RunningQemu, deadline: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const resumed = new Promise<boolean>((resolve) => {
    qemu.qmp.onEvent(({ event }) => event === 'RESUME' && resolve(true))
    timer = setTimeout(() => resolve(false), deadline - performance.now())
    void qemu.exited.then(() => resolve(false))
  })
  const load = async (): Promise<boolean> => {
    await inSpan('QEMU start', () => qemu.qmp.execute('migrate-set-capabilities', IGNORE_SHARED))
    return inSpan('restore', async () => {
      await qemu.qmp.execute('migrate-incoming', { uri: `fd:${FD.state}` })
      return resumed
    })
  }
  const loaded = load().catch(() => false)
  try {
    /* A QEMU that never answers must not be waited for. */
    return await Promise.race([loaded, resumed.then((isRunning) => isRunning && loaded)])
  } finally {
    clearTimeout(timer)
  }
}
