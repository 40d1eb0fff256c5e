/** Save a guest: boot it once, its RAM in a file, and save its devices' state when the agent is ready. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { InfraError } from '#domain/errors.ts'
import { migrationSchema } from '#schema/guest.ts'
import { readData } from '#schema/read.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { inSpan } from '#harness/support/spans.ts'
import type { GuestMemory } from '../qemu/argv.ts'
import { bootFastest, type Booted, type BootInputs, type NotBooted } from '../qemu/boot.ts'
import type { RunningQemu } from '../qemu/process.ts'
import { digHoles, ramFile } from './compress.ts'
import { bootLogFile, describeGuest, snapshotFolder, IGNORE_SHARED, stateFile, type Snapshot } from './snapshot.ts'

const SAVE_SECONDS = 20

/** Save the device state of a guest whose RAM is a shared file. Throws InfraError when this QEMU cannot. */
async function saveState(qemu: RunningQemu, file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  const server = createServer()
  try {
    const path = join(folder, 'state')
    server.listen(path)
    await once(server, 'listening')
    const received = once(server, 'connection').then(([socket]) => pipeline(socket, createWriteStream(file)))
    received.catch(() => undefined)
    await qemu.qmp.execute('migrate-set-capabilities', IGNORE_SHARED)
    await qemu.qmp.execute('migrate', { uri: `unix:${path}` })
    const deadline = performance.now() + SAVE_SECONDS * 1000
    for (;;) {
      const status = readData(migrationSchema, await qemu.qmp.execute('query-migrate'))?.status
      if (status === 'completed') break
      if (status === 'failed' || performance.now() > deadline)
        throw new InfraError(`QEMU could not save the guest (${status ?? 'no status'})`)
    }
    await received
  } finally {
    server.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Taint bits of a kernel that is hurt: bad page, oops, soft lockup (Documentation/admin-guide/tainted-kernels.rst). */
const HURT = (1 << 5) | (1 << 7) | (1 << 14)
const MOST_BOOTS = 3

/** Boot until the kernel came up unhurt: what happened once in a boot would else be in every attempt. The last one counts. */
async function bootUnhurt(boot: () => Promise<Booted | NotBooted>): Promise<Booted | NotBooted> {
  for (let boots = 1; ; boots += 1) {
    const booted = await boot()
    if (!booted.ok || booted.hello.taint < 0 || (booted.hello.taint & HURT) === 0 || boots === MOST_BOOTS) return booted
    await booted.qemu.kill()
  }
}

/**
 * Boot a guest and save it. Returns the booted guest's failure when it does not boot; throws InfraError when it boots
 * and cannot be saved (an old QEMU, a full disk): the caller boots for each attempt then.
 */
export async function saveSnapshot(
  cache: string,
  inputs: BootInputs,
  limitSeconds: number,
  signal?: AbortSignal,
): Promise<Snapshot | NotBooted> {
  const folder = snapshotFolder(cache, inputs)
  await mkdir(join(cache, 'guests'), { recursive: true })
  const temporary = await openScratch(cache)
  const prepare = async (): Promise<GuestMemory> => {
    await rm(ramFile(temporary), { force: true })
    return { kind: 'template', file: ramFile(temporary) }
  }
  let booted: Booted | NotBooted | null = null
  try {
    const boot = () => bootFastest(cache, inputs, prepare, { payload: null, limitSeconds, signal })
    booted = await inSpan('boot', () => bootUnhurt(boot))
    if (!booted.ok && booted.lacksRoom) throw new InfraError(`the cache has no room for the RAM of a guest: ${cache}`)
    if (!booted.ok) return booted
    await saveState(booted.qemu, stateFile(temporary))
    await booted.qemu.kill()
    await writeFile(bootLogFile(temporary), booted.channel.console.bytes())
    await digHoles(ramFile(temporary))
    const { road, hello, readySeconds } = booted
    await describeGuest(temporary, folder, { road, hello, readySeconds })
    await rename(temporary, folder).catch((error: NodeJS.ErrnoException) => {
      /* Another process saved the same guest first: theirs is as good. */
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return { folder, road, hello, readySeconds }
  } finally {
    if (booted?.ok) await booted.qemu.kill()
    await rm(temporary, { recursive: true, force: true })
  }
}
