/** How long a guest takes, booted by each method, restored and forked, until the agent greets and until its case prints. */
import { join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import { bootWith, bootFile, BOOT_METHODS, type BootInputs, type Booted, type NotBooted } from '#harness/boot/qemu/boot.ts'
import { buildForkParts, startForkServer } from '#harness/boot/fork/server.ts'
import { restoreGuest } from '#harness/boot/snapshot/restore.ts'
import { findSnapshot, snapshotFolder, type Snapshot } from '#harness/boot/snapshot/snapshot.ts'
import { saveSnapshot } from '#harness/boot/snapshot/save.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { writePayload } from '#harness/image/payload.ts'
import { buildProgram } from '#harness/image/program.ts'
import { fetchKernel, listKernels } from '#harness/kernels/index.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { chooseAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { budgeted, measureFloor } from './support/floor.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/boot.ts [--kernels SELECTOR] [--rounds N] [--restores N] [--accel kvm|tcg] [--json]

For each cached kernel of SELECTOR (default: the set default): host seconds from exec of QEMU to the
agent's first word by each boot method, booted; and of a guest restored from a saved one, and of one forked from that
(under TCG), to running and to the first line of a case's output. The floor is QEMU's own start with no machine
in it, measured in between; "here" is what the budget comes to on this host, as the ratio to that floor.`

let limitSeconds: number
const values = readOptions(HELP, { kernels: 'default', rounds: '1', restores: '9', accel: undefined })

await using place = await openPlace()
const { context, cache, scratch } = place
printRows(await measure(), values)

async function measure(): Promise<Row[]> {
  const listed = await listKernels(context, { selector: values.kernels })
  const cached = listed.filter(({ state }) => state === 'cached')
  const images = await Promise.all(cached.map((kernel) => fetchKernel(kernel, context)))
  const [first] = images
  if (!first) throw new Error(`no kernel of ${values.kernels} is cached: kwitness kernels pull ${values.kernels}`)
  const host = await readHost(cache)
  const initramfs = await buildInitramfs(cache, join(REPOSITORY, 'vm-images', 'guest'))
  const chosen = await chooseAccelerator(cache, { image: first, initramfs, host }, values.accel)
  const { accelerator } = chosen
  limitSeconds = chosen.limitSeconds
  const source = join(REPOSITORY, 'c-tests', 'uffd-fork-event', 'repro.c')
  const program = await buildProgram(cache, [source], [join(REPOSITORY, 'c-tests', 'include')])
  const payload = join(scratch, 'payload')
  await writePayload(payload, { program: program.path, args: [], modules: [], externalModules: [] })
  const inputsOf = (image: KernelImage): BootInputs => ({
    image,
    initramfs,
    profile: { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: 512, cmdline: [] },
    host,
  })
  const rows: Row[] = []
  for (const image of images) {
    const inputs = inputsOf(image)
    rows.push(...(await boots(inputs)), ...(await restores(inputs, payload)))
    if (accelerator === 'tcg') rows.push(...(await forks(inputs, payload)))
  }
  return rows
}

/** A boot by each boot method there is a file for. */
async function boots(inputs: BootInputs): Promise<Row[]> {
  const rows: Row[] = []
  const { version } = inputs.image.kernel
  for (const bootMethod of BOOT_METHODS) {
    const file = bootFile(inputs.image, bootMethod)
    if (file === null) continue
    const floor = median(await measureFloor(3))
    const seconds: number[] = []
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const booted = await bootWith(bootMethod, file, inputs, {
        memory: { kind: 'plain' },
        payload: null,
        limitSeconds,
      })
      if (!booted.ok) throw new Error(`${inputs.image.kernel.id} by ${bootMethod}: ${booted.reason}`)
      await booted.qemu.kill()
      seconds.push(booted.readySeconds)
    }
    const budget = version.startsWith('6.1.') && bootMethod === BOOT_METHODS[0] ? budgeted(1.9, floor) : {}
    rows.push({ what: `${version} booted, ${bootMethod}, ${inputs.profile.accelerator}`, seconds, floor, ...budget })
  }
  return rows
}

async function savedOf(inputs: BootInputs): Promise<Snapshot> {
  const saved = (await findSnapshot(snapshotFolder(cache, inputs))) ?? (await saveSnapshot(cache, inputs, limitSeconds))
  if ('ok' in saved) throw new Error(`${inputs.image.kernel.id}: ${saved.reason}`)
  return saved
}

/** A guest restored over and over: to running, and to the first line of its case. */
async function restores(inputs: BootInputs, payload: string): Promise<Row[]> {
  const saved = await savedOf(inputs)
  const { running, firstLine, floor } = await overAndOver(inputs, () => restoreGuest(saved, inputs, payload, { limitSeconds }))
  const { version } = inputs.image.kernel
  return [
    { what: `${version} restored, ${inputs.profile.accelerator}, to running`, seconds: running, floor, ...budgeted(0.06, floor) },
    {
      what: `${version} restored, ${inputs.profile.accelerator}, to the first line`,
      seconds: firstLine,
      floor,
      ...budgeted(0.15, floor),
    },
  ]
}

/** A guest forked over and over from one that was restored; and what that one takes until it can be. */
async function forks(inputs: BootInputs, payload: string): Promise<Row[]> {
  const saved = await savedOf(inputs)
  const parts = await buildForkParts(cache)
  const started = performance.now()
  const server = await startForkServer(saved, inputs, parts, cache, { limitSeconds })
  const ready = (performance.now() - started) / 1000
  const { running, firstLine, floor } = await overAndOver(inputs, () => server.fork(payload))
  await server.retire()
  const { version } = inputs.image.kernel
  return [
    { what: `${version} fork server, to the end of its warm-up`, seconds: [ready], floor },
    { what: `${version} forked, to running`, seconds: running, floor, ...budgeted(0.06, floor) },
    { what: `${version} forked, to the first line`, seconds: firstLine, floor, ...budgeted(0.15, floor) },
  ]
}

async function overAndOver({ image: { kernel } }: BootInputs, start: () => Promise<Booted | NotBooted>) {
  const running: number[] = []
  const firstLine: number[] = []
  const floor = median(await measureFloor(Number(values.restores)))
  for (let round = 0; round < Number(values.restores); round += 1) {
    const started = performance.now()
    const guest = await start()
    if (!guest.ok) throw new Error(`${kernel.id}: ${guest.reason}`)
    running.push(guest.readySeconds)
    guest.channel.run('0'.repeat(16), [60_000, BigInt(Date.now()) * 1_000_000n, '1'])
    const event = await guest.channel.next(started + limitSeconds * 1000)
    firstLine.push((performance.now() - started) / 1000)
    await guest.qemu.kill()
    if (event.kind !== 'frame' || event.frame.type !== 'out') throw new Error(`${kernel.id}: the case said nothing`)
  }
  return { running, firstLine, floor }
}
