/** Save a snapshot: boot a guest once with its RAM in a file, and save its device state when the agent has greeted. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { InfraError } from '#domain/errors.ts'
import { migrationSchema } from '#schema/guest.ts'
import { readData } from '#schema/read.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeTemporaryFolder, openScratch } from '#harness/support/scratch.ts'
import { inSpan } from '#harness/support/spans.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { payloadOfTemplate, type GuestMemory } from '../qemu/argv.ts'
import { bootFastest, type Booted, type BootInputs, type NotBooted } from '../qemu/boot.ts'
import type { RunningQemu } from '../qemu/process.ts'
import { digHoles, ramFile } from './compress.ts'
import { bootLogFile, layerFile, writeManifest, snapshotFolder, IGNORE_SHARED, stateFile, type Snapshot } from './snapshot.ts'

/** Save the device state of a guest whose RAM is a shared file. Throws InfraError when QEMU cannot, or not in this time. */
async function saveState(qemu: RunningQemu, file: string, limitSeconds: number): Promise<void> {
  const folder = await makeTemporaryFolder()
  const server = createServer()
  try {
    const path = join(folder, 'state')
    server.listen(path)
    await once(server, 'listening')
    const received = once(server, 'connection').then(([socket]) => pipeline(socket, createWriteStream(file)))
    received.catch(() => undefined)
    await qemu.qmp.execute('migrate-set-capabilities', IGNORE_SHARED)
    await qemu.qmp.execute('migrate', { uri: `unix:${path}` })
    const deadline = performance.now() + limitSeconds * 1000
    for (;;) {
      const status = readData(migrationSchema, await qemu.qmp.execute('query-migrate'))?.status
      if (status === 'completed') break
      if (status === 'failed' || performance.now() > deadline)
        throw new InfraError(`QEMU cannot save the guest (${status ?? 'no status'})`)
    }
    await received
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Make an empty layer above the image of a guest's disk. Its guest is told the image again, by a format that is stated. */
async function makeLayer(file: string, { disk }: BootInputs): Promise<void> {
  const { path, format } = disk?.image ?? { path: '', format: 'raw' }
  await rm(file, { force: true })
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', path, '-F', format, file])
}

/** Taint bits of a damaged kernel: bad page, oops, soft lockup (Documentation/admin-guide/tainted-kernels.rst). */
const DAMAGED = (1 << 5) | (1 << 7) | (1 << 14)
const MAX_BOOTS = 3

/** Boot again while the boot damages the kernel, because the damage would be in every attempt. Returns the last boot. */
async function bootUndamaged(boot: () => Promise<Booted | NotBooted>): Promise<Booted | NotBooted> {
  for (let boots = 1; ; boots += 1) {
    const booted = await boot()
    if (!booted.ok || booted.hello.taint < 0 || (booted.hello.taint & DAMAGED) === 0 || boots === MAX_BOOTS) return booted
    await booted.qemu.kill()
  }
}

/**
 * Boot a guest and save it, each within the limit. Returns the NotBooted of a guest that does not boot. Throws InfraError when
 * this host cannot save it (an old QEMU, a full disk).
 */
export async function saveSnapshot(
  cache: string,
  inputs: BootInputs,
  limitSeconds: number,
  signal?: AbortSignal,
): Promise<Snapshot | NotBooted> {
  const folder = snapshotFolder(cache, inputs)
  await makeFolder(join(cache, 'guests'))
  const temporary = await openScratch(cache)
  const prepare = async (): Promise<GuestMemory> => {
    await rm(ramFile(temporary), { force: true })
    await rm(payloadOfTemplate(ramFile(temporary)), { force: true })
    if (layer !== null) await makeLayer(layer, inputs)
    return { kind: 'template', file: ramFile(temporary) }
  }
  const layer = inputs.disk?.isWritable ? layerFile(temporary) : null
  let booted: Booted | NotBooted | null = null
  try {
    const boot = () => bootFastest(cache, inputs, prepare, { payload: null, limitSeconds, signal, layer })
    booted = await inSpan('boot', () => bootUndamaged(boot))
    if (!booted.ok && booted.lacksRoom) throw new InfraError(`the cache ${cache} has no room for the RAM of a guest`)
    if (!booted.ok) return booted
    await booted.detach?.()
    await saveState(booted.qemu, stateFile(temporary), limitSeconds)
    await booted.qemu.kill()
    await writeFile(bootLogFile(temporary), booted.channel.console.bytes())
    await rm(payloadOfTemplate(ramFile(temporary)), { force: true })
    await digHoles(ramFile(temporary))
    const { bootMethod, hello, readySeconds, hostKey } = booted
    const facts = { bootMethod, hello, readySeconds, ...(hostKey === undefined ? {} : { hostKey }) }
    await writeManifest(temporary, folder, facts)
    await rename(temporary, folder).catch((error: NodeJS.ErrnoException) => {
      /* Another process has saved the same guest: its snapshot is as good. */
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return { folder, ...facts }
  } finally {
    if (booted?.ok) await booted.qemu.kill()
    await rm(temporary, { recursive: true, force: true })
  }
}
