/** Kernels and attempts that no guest made, true to their schemas: what is measured is what is done with them. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDebianIndex } from '#harness/kernels/debian/index.ts'
import { publishEntry, entryPath } from '#harness/kernels/provider/cache.ts'
import { findCachedKernel, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { END_MARKER } from '#console/ktap/reader.ts'
import type { Evidence } from '#domain/evidence.ts'
import { limitsOf, modulesOf, seedOf, type Cell } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import type { GuestInputs } from '#run/context/context.ts'
import { createIdentify } from '#run/reuse/identify.ts'
import type { Store } from '#store/ports.ts'

/** A kernel log as long as those of Debian's cloud kernels. */
const CONSOLE = Array.from(
  { length: 190 },
  (_, line) => `[    0.${String(line).padStart(6, '0')}] a line of the kernel's log, number ${line}\n`,
)
/** What a case says that does not see its bug, or sees it. */
const outputOf = (hasBug: boolean): string =>
  [
    'KTAP version 1',
    '1..2',
    `${hasBug ? 'not ok' : 'ok'} 1 the event is delivered`,
    'ok 2 the memory is what it was',
    '# kwitness: trials=20 hits=0',
    `${END_MARKER}\n`,
  ].join('\n')

/**
 * In a scratch folder, a cache like that of this machine with an entry for every Debian kernel: its record is true, and its image
 * boots nowhere.
 */
export async function openRecordedCache(cache: string, scratch: string): Promise<KernelContext> {
  const own = join(scratch, 'cache')
  await makeFolder(join(own, 'kernels'))
  const shared = ['apt', 'changelogs', 'compile', 'debs', 'host', 'initramfs', 'locks', 'node-24', 'programs', 'boot-methods']
  for (const name of shared) await symlink(join(cache, name), join(own, name))
  const workspace = { cache: own, state: join(scratch, 'recorded') }
  const { index } = await readDebianIndex({ workspace })
  const chosen = new Set((await selectKernels(['debian:*'], { workspace })).map(({ id }) => id))
  for (const listed of index.kernels.filter(({ id }) => chosen.has(id))) {
    const { id, provider, version, series, build, flavour, arch } = listed
    const kernel = { id, provider, version, series, build, flavour, arch }
    await publishEntry(entryPath(workspace, id, listed.boot.sha256), kernel, 'recorded', async (folder) => {
      await writeFile(join(folder, 'bzImage'), `no kernel, but ${id}`)
      await writeFile(join(folder, 'debian.json'), JSON.stringify(listed))
    })
  }
  return { workspace }
}

/** An attempt to record. */
export interface Recorded {
  readonly cell: Cell
  /** ISO 8601. */
  readonly at: string
  readonly hasBug: boolean
}

/** A function that records attempts of cells of this plan in runs of the store, one after the other. */
export async function createRecorder(plan: Plan, inputs: GuestInputs, kernels: KernelContext, store: Store, scratch: string) {
  const identify = createIdentify(plan, inputs, kernels)
  const { host, initramfs, programs } = inputs
  const folders = new Map<boolean, string>()
  for (const hasBug of [false, true]) {
    const logs = join(scratch, `logs-${hasBug}`)
    await mkdir(logs)
    await writeFile(join(logs, 'console.log'), CONSOLE.join(''))
    await writeFile(join(logs, 'output.log'), outputOf(hasBug))
    folders.set(hasBug, logs)
  }
  return async (run: string, { cell, at, hasBug }: Recorded) => {
    const image = await findCachedKernel(cell.kernel, kernels)
    const known = image && (await identify(cell, image))
    if (!known) throw new Error(`${cell.kernel.id}/${cell.case.id} has no identity`)
    const evidence: Evidence = {
      schema: 'kwitness.evidence/1',
      identity: known.identity,
      job: {
        kernel: cell.kernel.id,
        case: cell.case.id,
        profile: cell.profile,
        program: programs.get(cell.case.id)?.sha256 ?? '',
        args: [],
        modules: modulesOf(cell),
        externalModules: [],
        seed: seedOf(plan, cell, 1),
        attempt: 1,
        limits: limitsOf(plan, cell.case),
      },
      kernel: { release: cell.kernel.version, build: '#1', sha256: image.sha256 },
      guest: { bootMethod: 'microvm-pvh', origin: 'forked', readySeconds: 0.01, raisedPriority: false, argv: [initramfs.path] },
      host: { qemu: host.qemu, kernel: host.kernel, cpuModel: host.cpuModel, cpus: host.cpus, load: 0 },
      ending: { kind: 'exited', exit: { code: 0, signal: null, timedOut: false, seconds: 0.1 } },
      taint: { before: 0, after: 0 },
      startedAt: at,
      seconds: 0.2,
      console: { file: 'console.log', bytes: Buffer.byteLength(CONSOLE.join('')), droppedBytes: 0 },
      output: { file: 'output.log', bytes: Buffer.byteLength(outputOf(hasBug)), droppedBytes: 0 },
    }
    return store.recordAttempt(run, evidence, folders.get(hasBug) ?? '')
  }
}
