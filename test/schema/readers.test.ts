/** Whatever reads a file back, given damaged files: a result, or one of our errors with what to do. */
import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { duplexPair, PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { knownAccelerator } from '#harness/boot/accelerator/prove.ts'
import { ramFile } from '#harness/boot/snapshot/compress.ts'
import { bootLogFile, writeManifest, findSnapshot, manifestFile, stateFile } from '#harness/boot/snapshot/snapshot.ts'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { cachedChangelogs } from '#harness/kernels/debian/changelog-cache.ts'
import { recordOf } from '#harness/kernels/debian/fetch.ts'
import { cachedKernel, findCorrupt, imageOf, listEntries } from '#harness/kernels/provider/cache.ts'
import { readKernelSets } from '#harness/kernels/sets.ts'
import { estimateObjects } from '#harness/kernels/tree/build/build-progress.ts'
import { findSourcePackage } from '#harness/kernels/tree/source/debian.ts'
import { describeRecipe, readRecipes } from '#harness/kernels/tree/source/recipe.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { createLog } from '#harness/transport/log.ts'
import { monitorCase } from '#harness/transport/hang-monitor.ts'
import { planOf } from '#plan/stored-plan.ts'
import { readStates, resumeState } from '#run/bisect/state.ts'
import { readCatalogue, readControlEntries, readSuite } from '#run/prepare/catalogue.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { assertBearsDamage } from './damaged-json.ts'
import { samples, written } from './samples.ts'

type Sample = keyof typeof samples

/** A file that one reader reads, valid at first, and the reader; `runs` for one that takes its time over a damaged file. */
interface Reader {
  readonly data: unknown
  readonly file: string
  readonly read: () => Promise<unknown>
  readonly runs?: number
}

async function assertReaderBearsDamage({ data, file, read, runs }: Reader): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(data))
  await read()
  await assertBearsDamage(
    JSON.parse(JSON.stringify(data)),
    async (json) => {
      await writeFile(file, json)
      await read()
    },
    runs,
  )
}

/** A cache and a state folder of their own, and a mirror that is not there. */
async function given(t: TestContext) {
  const folder = await temporaryFolder(t)
  const workspace = { cache: join(folder, 'cache'), state: join(folder, 'state') }
  await writeFile(join(folder, 'keyring.asc'), '')
  return { folder, context: { workspace, mirror: `file://${folder}/mirror`, keyring: join(folder, 'keyring.asc') } }
}
type Given = Awaited<ReturnType<typeof given>>

const valid = (name: Sample): unknown => samples[name].data
const id = 'debian-6.1.170-1-cloud-amd64'
const entry = ({ context }: Given) => join(context.workspace.cache, 'kernels', `${id}@abababababab`)
const bisection = ({ context }: Given) => join(context.workspace.state, 'bisect', '2026-01-31-1', 'state.json')

const READERS: Readonly<Record<string, (place: Given) => Reader | Promise<Reader>>> = {
  'manifest of a kernel': (place) => ({
    data: valid('manifest of a kernel'),
    file: join(entry(place), 'manifest.json'),
    read: async () => {
      for (const found of await listEntries(place.context.workspace)) {
        await findCorrupt(found.entry, found.manifest)
        imageOf(found.entry, found.manifest)
        cachedKernel(found.manifest)
      }
    },
  }),
  'record of a kernel': async (place) => {
    await mkdir(entry(place), { recursive: true })
    await writeFile(join(entry(place), 'manifest.json'), JSON.stringify(valid('manifest of a kernel')))
    const read = () => recordOf({ id }, place.context)
    return { data: valid('record of a kernel'), file: join(entry(place), 'debian.json'), read, runs: 12 }
  },
  'memo of a source': async ({ context }) => {
    const { folder } = await openAptRoot(context)
    const now = new Date().toISOString()
    const index = { ...samples['index of Debian'].data, refreshedAt: now, askedAt: now }
    await writeFile(join(folder, 'index.json'), JSON.stringify(index))
    const data = { ...samples['found source'].data, refreshedAt: now }
    const read = () => findSourcePackage('linux-source-5.10', null, context)
    return { data, file: join(folder, 'linux-source-5.10.json'), read, runs: 12 }
  },
  'index of a changelog': ({ context }) => ({
    data: valid('index of a changelog'),
    file: join(context.workspace.cache, 'changelogs', '6.1.170-1@ab', 'index.json'),
    read: () => cachedChangelogs(context.workspace),
  }),
  recipe: ({ context }) => ({
    data: valid('recipe'),
    file: join(context.workspace.cache, 'trees', 'recipes', 'tree-6.1.170-base-ff.json'),
    read: async () => (await readRecipes(context.workspace)).map(describeRecipe),
  }),
  'counts of objects': ({ context }) => ({
    data: valid('counts of objects'),
    file: join(context.workspace.cache, 'trees', 'objects.json'),
    read: () => estimateObjects(samples.recipe.data, 'CONFIG_A=y\n', context),
  }),
  'proven accelerator': ({ context: { workspace } }) => ({
    data: valid('proven accelerator'),
    file: join(workspace.cache, 'host', 'accelerator.json'),
    read: () => knownAccelerator(workspace.cache, { qemu: '', kernel: '', cpus: 1, cpuModel: '', cpuFeatures: '', tscKhz: 1 }),
  }),
  'state of a bisection': (place) => ({
    data: valid('state of a bisection'),
    file: bisection(place),
    read: () => readStates(place.context.workspace),
  }),
  'state of a bisection that is named': (place) => ({
    data: valid('state of a bisection'),
    file: bisection(place),
    read: () => resumeState('2026-01-31-1', place.context.workspace),
  }),
  'case.json': ({ folder }) => ({
    data: written['case.json'].data,
    file: join(folder, 'catalogue', 'a-case', 'case.json'),
    read: () => readCatalogue(join(folder, 'catalogue')),
  }),
  'controls.json': ({ folder }) => ({
    data: written['controls.json'].data,
    file: join(folder, 'controls.json'),
    read: () => readControlEntries(join(folder, 'controls.json')),
  }),
  'kernels.json': ({ folder }) => ({
    data: written['kernels.json'].data,
    file: join(folder, 'kernels.json'),
    read: () => readKernelSets(join(folder, 'kernels.json')),
  }),
  'table of a suite': ({ folder }) => ({
    data: written['table of a suite'].data,
    file: join(folder, 'suite.json'),
    read: () => readSuite(join(folder, 'suite.json')),
  }),
}

for (const [name, of] of Object.entries(READERS)) {
  test(`${name}: a damaged file is a result, or an error with what to do`, async (t) => {
    await assertReaderBearsDamage(await of(await given(t)))
  })
}

test('snapshot: a damaged manifest is no snapshot, and its folder goes', async (t) => {
  const { folder } = await given(t)
  const guests = join(folder, 'guests')
  const { bootMethod, hello, readySeconds } = samples.snapshot.data
  await assertBearsDamage(
    valid('snapshot'),
    async (json) => {
      const guest = join(guests, 'ff')
      await mkdir(guest, { recursive: true })
      for (const file of [ramFile, stateFile, bootLogFile]) await writeFile(file(guest), 'bytes')
      await writeManifest(guest, guest, { bootMethod, hello, readySeconds })
      assert.ok(await findSnapshot(guest))
      await writeFile(manifestFile(guest), json)
      assert.equal(await findSnapshot(guest), null)
      assert.deepEqual(await readdir(guests), [])
    },
    50,
  )
})

test('the end of a case: whatever an agent says, the attempt ends, and what cannot be read is garbled', async () => {
  const limits = { bootSeconds: 60, silenceSeconds: 60, caseSeconds: 60 }
  await assertBearsDamage(valid('the end of a case'), async (json) => {
    const [agent, port] = duplexPair()
    const exited = Promise.withResolvers<never>().promise
    const channel = new GuestChannel({ console: new PassThrough(), agent, exited })
    port.write(`KW - end ${Buffer.byteLength(json)}\n${json}\n`)
    const { ending } = await monitorCase({ channel, qemu: { exited, stopReason: () => null } }, limits, createLog())
    assert.ok(ending.kind === 'exited' || ending.kind === 'garbled', ending.kind)
  })
})

test('plan of a stored run: a damaged one is an error that names the run', async () => {
  for (const name of ['plan of controls', 'plan of a suite', 'plan of a verification', 'plan of an earlier version'] as const) {
    await assertBearsDamage(valid(name), (json) => {
      let plan: unknown
      try {
        plan = JSON.parse(json)
      } catch {
        return
      }
      planOf({ id: '2026-01-31-1', plan })
    })
  }
})
