/** What an attempt costs beside the case's own time: host seconds of the whole attempt less the guest seconds of its case. */
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { executeJob } from '#harness/attempt.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { GuestSource } from '#harness/boot/guests.ts'
import { createPayloads } from '#harness/image/payload.ts'
import { fetchKernel, fetchModules, selectKernels } from '#harness/kernels/index.ts'
import { profileName, type GuestProfile } from '#domain/profile.ts'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { cellsOf, limitsOf, modulesOf, seedOf, type Cell } from '#plan/cells.ts'
import { makeGuestInputs } from '#run/prepare/guest-inputs.ts'
import { MIN_FORKED } from '#run/execute/prepare-snapshot.ts'
import { chooseAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { budgeted, measureFloor } from './support/floor.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/overhead.ts [--kernel SELECTOR] [--rounds N] [--accel kvm|tcg] [--json]

For each deterministic case on one kernel (default: debian:6.1.y:newest), its guest saved beforehand, and under
TCG forked where several cases want it, as in a run: host seconds from the job's start to its evidence, less the
guest seconds the case took by the agent's clock.
The last row is a whole round, all cases one after the other. The floor is QEMU's own start.`

const values = readOptions(HELP, { kernel: 'debian:6.1.y:newest', rounds: '5', accel: undefined })

await using place = await openPlace()
const { context, cache, scratch } = place
printRows(await measure(), values)

async function measure(): Promise<Row[]> {
  const cases = (await readCatalogue(CATALOGUE)).filter(({ oracle }) => oracle === 'deterministic')
  const [kernel] = await selectKernels([values.kernel], context)
  if (!kernel) throw new Error(`no kernel is ${values.kernel}`)
  const image = await fetchKernel(kernel, context)
  const { host, initramfs, programs } = await makeGuestInputs(cases, context)
  const { accelerator, bootSeconds, limitSeconds } = await chooseAccelerator(cache, { image, initramfs, host }, values.accel)
  const plan = { seed: '1', kernels: [kernel], cases, accelerator, bootSeconds }
  const payloads = createPayloads(scratch)
  const guests = new GuestSource(cache, { noSnapshot: false, note: console.error })

  const inputsOf = (profile: GuestProfile): BootInputs => ({ image, initramfs, profile, host })

  /** Seconds of one attempt beside its case's own. */
  async function overheadOf(cell: Cell): Promise<number> {
    const program = programs.get(cell.case.id)
    if (!program) throw new Error(`${cell.case.id} was not compiled`)
    const modules = modulesOf(cell)
    const job = {
      kernel: kernel?.id ?? '',
      case: cell.case.id,
      profile: cell.profile,
      program: program.sha256,
      args: [],
      modules,
      externalModules: [],
      seed: seedOf(plan, cell, 1),
      attempt: 1,
      limits: limitsOf(plan, cell.case),
    }
    const inputs = inputsOf(cell.profile)
    const modulesFound = await fetchModules(cell.kernel, modules, context)
    const payload = await payloads({ program: program.path, args: [], modules: modulesFound, externalModules: [] })
    const { evidence } = await executeJob(job, {
      inputs,
      guests,
      payload,
      scratch: await mkdtemp(join(scratch, 'attempt-')),
      raisesPriority: false,
      host: { ...host, load: null },
    })
    if (evidence.ending.kind !== 'exited') throw new Error(`${cell.case.id} ended as ${evidence.ending.kind}`)
    return evidence.seconds - evidence.ending.exit.seconds
  }

  const cells = cellsOf(plan)
  for (const cell of cells) await overheadOf(cell)
  const alike = [...Map.groupBy(cells, ({ profile }) => profileName(profile)).values()]
  const wanted = alike.flatMap((some) => (some.length >= MIN_FORKED ? some.slice(0, 1) : []))
  const servers = await Promise.all(wanted.map(({ profile }) => guests.startForking(inputsOf(profile), { limitSeconds })))
  const byCase: number[][] = cells.map(() => [])
  const rounds: number[] = []
  for (let round = 0; round < Number(values.rounds); round += 1) {
    let sum = 0
    for (const [index, cell] of cells.entries()) {
      const seconds = await overheadOf(cell)
      byCase[index]?.push(seconds)
      sum += seconds
    }
    rounds.push(sum)
  }
  await Promise.all(servers.map((end) => end()))
  const floor = median(await measureFloor(9))
  const all = { floor: floor * cells.length, ...budgeted(1, floor) }
  return [
    ...cells.map(({ case: { id } }, index) => ({ what: id, seconds: byCase[index] ?? [], floor })),
    { what: `all ${cells.length}, one after the other`, seconds: rounds, ...all },
  ]
}
