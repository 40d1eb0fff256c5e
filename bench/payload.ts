/** How long a payload takes into a guest: from the request to the first line of a case, by its size, restored and forked. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestSource } from '#harness/boot/guests.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { createPayloads } from '#harness/image/payload.ts'
import { buildProgram } from '#harness/image/program.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { makeHostInputs } from '#run/prepare/guest-inputs.ts'
import { chooseAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { measureFloor } from './support/floor.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/payload.ts [--kernel SELECTOR] [--rounds N] [--sizes MIB,MIB] [--accel kvm|tcg] [--json]

A program that prints one line, and a file of each size beside it (default: 0, 1 and 4 MiB): seconds from the request to
the line, in restored and, under TCG, in forked guests. The floor is QEMU's own start.`

const values = readOptions(HELP, { kernel: 'debian:6.1.y:newest', rounds: '15', sizes: '0,1,4', accel: undefined })

let limitSeconds: number
const PROGRAM = '#include <stdio.h>\nint main(void) { puts("KTAP version 1"); return 0; }\n'

await using place = await openPlace()
const { context, cache, scratch } = place
printRows(await measure(), values)

/** Payloads with a file of each size, by size in MiB. */
async function payloadsOf(sizes: readonly number[]): Promise<Map<number, string>> {
  const source = join(scratch, 'line.c')
  await writeFile(source, PROGRAM)
  const program = await buildProgram(cache, [source], [])
  const payloads = createPayloads(scratch)
  const made = sizes.map(async (mib): Promise<[number, string]> => {
    const path = join(scratch, `file-${mib}`)
    await writeFile(path, randomBytes(mib * 2 ** 20))
    const file = { name: `file${mib}`, path, sha256: '' }
    return [mib, await payloads({ program: program.path, args: [], modules: [], externalModules: [file] })]
  })
  return new Map(await Promise.all(made))
}

/** Seconds from the request to the first line of the case. */
async function secondsOf(guests: GuestSource, inputs: BootInputs, payload: string): Promise<number> {
  const guest = await guests.start(inputs, payload, { limitSeconds })
  if (!guest.ok) throw new Error(guest.reason)
  const { channel, qemu } = guest
  const started = performance.now()
  channel.run('bench', [10_000, BigInt(Date.now()) * 1_000_000n, '1'])
  const event = await channel.next(started + limitSeconds * 1000)
  const seconds = (performance.now() - started) / 1000
  await qemu.kill()
  if (event.kind !== 'frame' || event.frame.type !== 'out') throw new Error(`no line came: ${JSON.stringify(event)}`)
  return seconds
}

async function measure(): Promise<Row[]> {
  const [kernel] = await selectKernels([values.kernel], context)
  if (!kernel) throw new Error(`no kernel is ${values.kernel}`)
  const image = await fetchKernel(kernel, context)
  const { host, initramfs } = await makeHostInputs(context)
  const chosen = await chooseAccelerator(cache, { image, initramfs, host }, values.accel)
  const { accelerator } = chosen
  limitSeconds = chosen.limitSeconds
  const inputs: BootInputs = {
    image,
    initramfs,
    host,
    profile: { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: 512, cmdline: [] },
  }
  const payloads = await payloadsOf(values.sizes.split(',').map(Number))
  const guests = new GuestSource(cache, { noSnapshot: false, note: console.error })
  const floor = median(await measureFloor(9))

  async function rowsOf(origin: string): Promise<Row[]> {
    const seconds = new Map([...payloads.keys()].map((mib): [number, number[]] => [mib, []]))
    for (const payload of payloads.values()) await secondsOf(guests, inputs, payload)
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const [mib, payload] of payloads) seconds.get(mib)?.push(await secondsOf(guests, inputs, payload))
    }
    return [...seconds].map(([mib, own]) => ({ what: `${origin}, ${accelerator}, ${mib} MiB`, seconds: own, floor }))
  }

  const restored = await rowsOf('restored')
  if (accelerator !== 'tcg') return restored
  const end = await guests.startForking(inputs, { limitSeconds })
  const forked = await rowsOf('forked')
  await end()
  return [...restored, ...forked]
}
