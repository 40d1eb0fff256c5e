/** What saved guests take on disk, as they are and packed, and the time to pack and unpack one beside that of its boot. */
import { stat } from 'node:fs/promises'
import { inRepository } from '#harness/support/repository.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { compressedFile, compressRam, ramFile } from '#harness/boot/snapshot/compress.ts'
import { saveSnapshot } from '#harness/boot/snapshot/save.ts'
import { findSnapshot } from '#harness/boot/snapshot/snapshot.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { fetchKernel, listKernels } from '#harness/kernels/index.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { chooseAccelerator } from './support/accelerator.ts'
import { machineLine, median } from './support/figures.ts'
import { openPlace, readOptions } from './support/setup.ts'

const HELP = `node bench/states.ts [--kernels SELECTOR] [--memory MIB] [--accel kvm|tcg] [--json]

Saves a guest of each cached kernel of SELECTOR (default: the set default) in a cache of its own, then packs and
unpacks its RAM. Prints MiB of disk as saved and packed, and host seconds: the boot, looking at the saved guest
as every run does once (the floor of bringing one back), packing it, and bringing it back.`

const MIB = 2 ** 20
const values = readOptions(HELP, { kernels: 'default', memory: '512', accel: undefined })

interface State {
  readonly kernel: string
  readonly savedMiB: number
  readonly packedMiB: number
  readonly boot: number
  readonly look: number
  readonly pack: number
  readonly back: number
}

await using place = await openPlace()
const { context, cache, scratch } = place
await main()

/** Measure the guests and print their states. */
async function main(): Promise<void> {
  const line = machineLine()
  const states = await measure()
  console.log(values.json ? JSON.stringify(states, null, 2) : `${line}\n${describe(states)}`)
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

async function diskMiB(file: string): Promise<number> {
  return ((await stat(file)).blocks * 512) / MIB
}

async function measure(): Promise<State[]> {
  const listed = (await listKernels(context, { selector: values.kernels })).filter(({ state }) => state === 'cached')
  const host = await readHost(cache)
  const initramfs = await buildInitramfs(cache, inRepository('vm-images', 'guest'))
  const states: State[] = []
  for (const kernel of listed) {
    const image = await fetchKernel(kernel, context)
    const { accelerator, limitSeconds } = await chooseAccelerator(cache, { image, initramfs, host }, values.accel)
    const profile = { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: Number(values.memory), cmdline: [] } as const
    states.push(await measureOne({ image, initramfs, profile, host }, limitSeconds))
  }
  return states
}

async function measureOne(inputs: BootInputs, limitSeconds: number): Promise<State> {
  await makeFolder(scratch)
  const saved = await saveSnapshot(scratch, inputs, limitSeconds)
  const { id } = inputs.image.kernel
  if ('ok' in saved) throw new Error(`${id}: ${saved.reason}`)
  const { folder, readySeconds: boot } = saved
  const savedMiB = await diskMiB(ramFile(folder))
  const find = async (): Promise<void> => {
    if (!(await findSnapshot(folder))) throw new Error(`${id}: the saved guest is not whole`)
  }
  const look = await seconds(find)
  const pack = await seconds(() => compressRam(folder))
  const packedMiB = await diskMiB(compressedFile(folder))
  return { kernel: id, savedMiB, packedMiB, boot, look, pack, back: await seconds(find) }
}

function describe(states: readonly State[]): string {
  const row = (name: string, words: readonly string[]): string =>
    [name.padEnd(44), ...words.map((word) => word.padStart(8))].join('')
  const figures = ({ savedMiB, packedMiB, boot, look, pack, back }: Omit<State, 'kernel'>): string[] => [
    savedMiB.toFixed(1),
    packedMiB.toFixed(1),
    ...[boot, look, pack, back].map((time) => time.toFixed(3)),
  ]
  const middle = (of: (state: State) => number): number => median(states.map(of))
  const all = {
    savedMiB: middle((state) => state.savedMiB),
    packedMiB: middle((state) => state.packedMiB),
    boot: middle((state) => state.boot),
    look: middle((state) => state.look),
    pack: middle((state) => state.pack),
    back: middle((state) => state.back),
  }
  return [
    row('MiB on disk, then seconds', ['saved', 'packed', 'boot', 'look', 'pack', 'back']),
    ...states.map((state) => row(state.kernel, figures(state))),
    row('median', figures(all)),
  ].join('\n')
}
