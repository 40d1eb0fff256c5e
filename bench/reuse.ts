/** What a run costs whose results are all known: the second of two equal runs, and a run of every Debian kernel. */
import { spawnSync } from 'node:child_process'
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDebianIndex } from '#harness/kernels/debian/index.ts'
import { publishEntry, entryPath } from '#harness/kernels/provider/cache.ts'
import { findCachedKernel, selectKernels } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { makeFolder } from '#harness/support/workspace.ts'
import { END_MARKER } from '#console/ktap/reader.ts'
import type { Evidence } from '#domain/evidence.ts'
import { cellsOf, limitsOf, modulesOf, seedOf } from '#plan/cells.ts'
import type { Plan } from '#plan/plan.ts'
import { createRun, reportOf } from '#run/lifecycle.ts'
import { prepare } from '#run/prepare/prepare.ts'
import { createIdentify } from '#run/reuse/identify.ts'
import { openStore } from '#store/index.ts'
import { acceleratorWords, sayAccelerator } from './support/accelerator.ts'
import { median, type Row } from './support/figures.ts'
import { openPlace, printRows, readOptions } from './support/setup.ts'

const HELP = `node bench/reuse.ts [--kernels SELECTOR] [--cases GLOB] [--rounds N] [--recorded-only yes]
  [--accel kvm|tcg] [--json]

Runs the set (default: default, all cases) in a store of its own, then again: the second run must take at most 1/30 of
the first and 3 s. Then every Debian kernel x all cases, with recorded evidence and kernels that no guest boots, since
nothing is booted: at most 6 s; the report of that run built from the store: at most 1 s; and the size of report.json.
The floor is what node and kwitness --version take to start.`

/** A kernel log as long as those of Debian's cloud kernels. */
const CONSOLE = Array.from(
  { length: 190 },
  (_, line) => `[    0.${String(line).padStart(6, '0')}] a line of the kernel's log, number ${line}\n`,
)
const OUTPUT = [
  'KTAP version 1',
  '1..2',
  'ok 1 the event is delivered',
  'ok 2 the memory is what it was',
  '# kwitness: trials=20 hits=0',
  `${END_MARKER}\n`,
].join('\n')

const values = readOptions(HELP, { kernels: 'default', cases: 'all', rounds: '3', 'recorded-only': 'no', accel: undefined })
const rounds = Number(values.rounds)

await using place = await openPlace()
const { cache, scratch } = place

const floor = median(Array.from({ length: 5 }, () => secondsOf(['--version'], cache, join(scratch, 'floor')).seconds))
const rows: Row[] = []
const below: string[] = []
if (values['recorded-only'] === 'no') rows.push(...measureTwice())
rows.push(...(await measureRecorded()))
printRows(rows, { ...values, below })

/** Seconds of a command line in a cache and a state, and what it said; throws that where it fails. */
function secondsOf(words: readonly string[], inCache: string, state: string): { seconds: number; stderr: string } {
  const started = performance.now()
  const env = { ...process.env, KWITNESS_CACHE: inCache, KWITNESS_STATE: state }
  const { status, stderr } = spawnSync(inRepository('kwitness'), words, { env, encoding: 'utf8' })
  if (status !== 0 && status !== 1) throw new Error(`kwitness ${words.join(' ')} exits ${status}:\n${stderr}`)
  const seconds = (performance.now() - started) / 1000
  return { seconds, stderr }
}

/** Seconds of a run that must find all of its results in the store. */
function secondsAgain(words: readonly string[], inCache: string, state: string): number {
  const { seconds, stderr } = secondsOf(words, inCache, state)
  if (!/ results reused from earlier runs .*, 0 run;/.test(stderr)) throw new Error(`not all results were reused:\n${stderr}`)
  return seconds
}

function measureTwice(): Row[] {
  const words = [
    'run',
    '--kernels',
    values.kernels,
    '--cases',
    values.cases,
    '--out',
    join(scratch, 'out'),
    ...acceleratorWords(values.accel),
  ]
  const state = join(scratch, 'state')
  const { seconds: first, stderr } = secondsOf(words, cache, state)
  sayAccelerator(/ cells, (\w+), seed /.exec(stderr)?.[1] ?? 'an accelerator that it does not name')
  const again = Array.from({ length: rounds }, () => secondsAgain(words, cache, state))
  return [
    { what: 'the first run', seconds: [first], floor },
    { what: 'the same again', seconds: again, floor, budget: 3, budgetHere: first / 30 },
  ]
}

/** A cache like that of this machine, with an entry for every Debian kernel: its record is true, and its image boots nowhere. */
async function openRecordedCache(): Promise<string> {
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
  return own
}

/** Every Debian kernel x all cases, all of it recorded: run again, and its report built. */
async function measureRecorded(): Promise<Row[]> {
  const own = await openRecordedCache()
  const state = join(scratch, 'recorded')
  const kernels = { workspace: { cache: own, state } }
  const request = { kernels: ['debian:*'], cases: ['all'], noSnapshot: false, accelerator: 'tcg' } as const
  const { common, inputs } = await prepare(request, kernels, () => undefined)
  const plan: Plan = { ...common, kind: 'matrix' }
  const cells = cellsOf(plan)
  const identify = createIdentify(plan, inputs, kernels)
  const store = await openStore(state)
  const { record: run } = await createRun(store, plan, inputs)
  const logs = join(scratch, 'logs')
  await mkdir(logs)
  await writeFile(join(logs, 'console.log'), CONSOLE.join(''))
  await writeFile(join(logs, 'output.log'), OUTPUT)
  const { qemu, kernel: hostKernel, cpuModel, cpus } = inputs.host
  for (const cell of cells) {
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
        program: inputs.programs.get(cell.case.id)?.sha256 ?? '',
        args: [],
        modules: modulesOf(cell),
        externalModules: [],
        seed: seedOf(plan, cell, 1),
        attempt: 1,
        limits: limitsOf(plan, cell.case),
      },
      kernel: { release: cell.kernel.version, build: '#1', sha256: image.sha256 },
      guest: {
        bootMethod: 'microvm-pvh',
        origin: 'forked',
        readySeconds: 0.01,
        raisedPriority: false,
        argv: ['qemu-system-x86_64'],
      },
      host: { qemu, kernel: hostKernel, cpuModel, cpus, load: 0 },
      ending: { kind: 'exited', exit: { code: 0, signal: null, timedOut: false, seconds: 0.1 } },
      taint: { before: 0, after: 0 },
      startedAt: new Date().toISOString(),
      seconds: 0.2,
      console: { file: 'console.log', bytes: Buffer.byteLength(CONSOLE.join('')), droppedBytes: 0 },
      output: { file: 'output.log', bytes: Buffer.byteLength(OUTPUT), droppedBytes: 0 },
    }
    await store.recordAttempt(run.id, evidence, logs)
  }
  await store.finishRun(run.id, new Date().toISOString())
  const words = ['run', '--kernels', 'debian:*', '--accel', 'tcg', '--out', join(scratch, 'out')]
  const seconds = Array.from({ length: rounds + 1 }, () => secondsAgain(words, own, state)).slice(1)
  const built: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const started = performance.now()
    await reportOf({ store, record: run })
    built.push((performance.now() - started) / 1000)
  }
  store.close()
  const bytes = (await stat(join(scratch, 'out', 'report.json'))).size / cells.length
  below.push(`report.json: ${bytes.toFixed(0)} bytes a result (budget 1500)`)
  const size = `${plan.kernels.length} x ${plan.cases.length}`
  return [
    { what: `${size}, all known`, seconds, floor, budget: 6 },
    { what: `the report of ${size}, never judged by these rules`, seconds: built.slice(0, 1), floor: 0 },
    { what: `the report of ${size}, built again`, seconds: built.slice(1), floor: 0, budget: 1 },
  ]
}
