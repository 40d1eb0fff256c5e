/** Prepare a run: choose kernels and cases, build what runs in the guest, prove the accelerator, make the plan. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import { proveAccelerator } from '#harness/boot/accelerator.ts'
import { lookAtHost, type Host } from '#harness/boot/qemu/host.ts'
import { buildInitramfs, type Initramfs } from '#harness/image/initramfs.ts'
import { buildProgram, createHeaders, type Headers, type Program } from '#harness/image/program.ts'
import { fetchKernel, listSeries, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { createStopwatch, type Stopwatch } from '#harness/support/stopwatch.ts'
import { exists } from '#harness/support/workspace.ts'
import type { Case } from '#domain/case.ts'
import type { ControlRate } from '#domain/control.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, ListedKernel } from '#domain/kernel.ts'
import type { Accelerator } from '#domain/profile.ts'
import type { SpanListener } from '#domain/span.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import type { AttemptTime } from '#store/ports.ts'
import { hostLine } from '#verdict/race/conditions.ts'
import { readCatalogue, selectCases } from './catalogue.ts'
import type { Listener } from '../context/events.ts'
import { estimatesFrom } from '#plan/estimates.ts'
import { DEFAULT_PLAN, type Plan } from '#plan/plan.ts'
import { createResourcePool } from '../context/resource-pool.ts'
import { rateNotes, ratesFor } from '#plan/control-rates.ts'

export interface RunRequest {
  /** Selectors as the kernels' index reads them. */
  readonly kernels: readonly string[]
  /** Case ids or globs. */
  readonly cases: readonly string[]
  /** Folder of the catalogue; the product's own when not given. */
  readonly catalogue?: string
  /** Unsigned 64-bit, decimal; drawn when not given. */
  readonly seed?: string
  /** Taken as given instead of proven. */
  readonly accelerator?: Accelerator
  readonly freshBoot: boolean
  /** The chance of a miss at which a race that stayed clean is believed. */
  readonly bound?: number
  /** Guest seconds for each race cell, in one pool. */
  readonly raceSeconds?: number
  /** Search the kernels for where the answer changes, instead of asking all. */
  readonly search?: boolean
}

/** What a conductor needs of this machine beside the plan. */
export interface Ready {
  readonly host: Host
  readonly initramfs: Initramfs
  readonly programs: ReadonlyMap<string, Program>
}

/** The folder of the product's own catalogue. */
export const CATALOGUE = join(REPOSITORY, 'c-tests')

function prepareWatch(spans: SpanListener | undefined, caseId: string | null = null): Stopwatch {
  return createStopwatch(spans, { kernel: null, case: caseId, lane: 'prepare' })
}

/** Compile the agent and these cases, and look at the host. Throws UserError for a case that does not compile. */
export async function makeReady(
  cache: string,
  cases: readonly Case[],
  signal?: AbortSignal,
  spans?: SpanListener,
): Promise<Ready> {
  const time = prepareWatch(spans)
  const [host, initramfs] = await Promise.all([
    time('look at host', () => lookAtHost(cache)),
    time('initramfs', () => buildInitramfs(cache, join(REPOSITORY, 'vm-images', 'guest'))),
  ])
  return { host, initramfs, programs: await buildReproducers(cache, cases, signal, spans) }
}

/** Compile what is not in the cache, a core for each compiler; when one fails no other is started. */
async function buildReproducers(
  cache: string,
  cases: readonly Case[],
  signal: AbortSignal | undefined,
  spans: SpanListener | undefined,
): Promise<ReadonlyMap<string, Program>> {
  const failed = new AbortController()
  const until = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  const compilers = createResourcePool({ cores: availableParallelism() }, until)
  const headers = createHeaders()
  const build = async (theCase: Case): Promise<[string, Program]> => {
    const time = prepareWatch(spans, theCase.id)
    const one = (): Promise<Program> => time('programs', () => buildReproducer(cache, theCase, headers))
    return [theCase.id, await compilers.hold({ cores: 1 }, 0, one)]
  }
  try {
    return new Map(await Promise.all(cases.map(build)))
  } catch (error) {
    failed.abort(error)
    throw error
  }
}

/** Compile the reproducer of a case, or find it in the cache. Throws UserError when it has none or does not compile. */
export async function buildReproducer(
  cache: string,
  { folder }: Pick<Case, 'folder'>,
  headers: Headers = createHeaders(),
): Promise<Program> {
  const source = join(folder, 'repro.c')
  if (!(await exists(source))) throw new UserError(`${folder} has no repro.c`)
  return buildProgram(cache, [source], [join(CATALOGUE, 'include')], { headers })
}

async function accelerate(
  wishes: RunRequest,
  kernels: readonly ListedKernel[],
  ready: Ready,
  context: KernelContext,
  listen: Listener,
) {
  const first = kernels.find(({ state }) => state === 'cached') ?? kernels[0]
  if (!first) throw new UserError('no kernel was chosen', 'kwitness kernels list shows what can be had')
  const image = await fetchKernel(first, context)
  const proven = await proveAccelerator(context.workspace.cache, image, ready.initramfs, ready.host, context.signal)
  if (wishes.accelerator !== undefined && wishes.accelerator !== proven.accelerator) {
    if (wishes.accelerator === 'kvm')
      throw new InfraError(`KVM was asked for and does not work here: ${proven.why}`, 'leave out --accel to run under TCG')
    return { accelerator: wishes.accelerator, bootSeconds: proven.bootSeconds * TCG_SLOWDOWN }
  }
  if (proven.isNew && proven.why !== null) listen({ kind: 'note', text: `guests run under TCG, slower: ${proven.why}` })
  return { accelerator: proven.accelerator, bootSeconds: proven.bootSeconds }
}

/** How much longer a boot takes under TCG than under KVM, for a host that has both and is told to use TCG. */
const TCG_SLOWDOWN = 8

/** What earlier runs left for later ones; nothing before anything was stored. */
interface Kept {
  readonly rates: readonly ControlRate[]
  readonly times: readonly AttemptTime[]
}

async function keptIn(state: string): Promise<Kept> {
  if (!hasStore(state)) return { rates: [], times: [] }
  const store = await openStoreForReading(state)
  try {
    return { rates: await store.rates(), times: await store.attemptTimes() }
  } finally {
    store.close()
  }
}

/** The kernels of a run, and all that is listed of their series. */
async function chooseKernels(selectors: readonly string[], context: KernelContext) {
  const kernels = await selectKernels(selectors, context)
  return { kernels, listing: await listSeries(kernels, context) }
}

/** What a plan keeps of a listed kernel: where it is to be had changes. */
function kernelOf({ id, provider, version, series, build, flavour, arch }: ListedKernel): Kernel {
  return { id, provider, version, series, build, flavour, arch }
}

export interface Prepared {
  readonly plan: Plan
  readonly ready: Ready
}

/** Choose, build and prove. Throws UserError for wishes that cannot be met. */
export async function prepare(wishes: RunRequest, context: KernelContext, listen: Listener): Promise<Prepared> {
  const cases = selectCases(await readCatalogue(wishes.catalogue ?? CATALOGUE), wishes.cases)
  const ready = makeReady(context.workspace.cache, cases, context.signal, context.spans)
  return planFor(wishes, { cases, ready, args: DEFAULT_PLAN.args, suite: DEFAULT_PLAN.suite }, context, listen)
}

/** What a plan is made for: cases of a catalogue, or programs of a suite. */
export interface Work extends Pick<Plan, 'cases' | 'args' | 'suite'> {
  /** Builds go on while kernels are chosen. */
  readonly ready: Promise<Ready>
}

/** Choose the kernels, prove the accelerator and make the plan. Throws UserError for wishes that cannot be met. */
export async function planFor(
  wishes: RunRequest,
  { cases, ready: making, args, suite }: Work,
  context: KernelContext,
  listen: Listener,
): Promise<Prepared> {
  const time = prepareWatch(context.spans)
  const choosing = time('choose kernels', () => chooseKernels(wishes.kernels, context))
  const [{ kernels, listing }, ready] = await Promise.all([choosing, making])
  const prove = () => accelerate(wishes, kernels, ready, context, listen)
  const { accelerator, bootSeconds } = await time('prove accelerator', prove)
  const { rates, times } = await keptIn(context.workspace.state)
  const plan: Plan = {
    schema: 'kwitness.plan/1',
    seed: wishes.seed ?? randomBytes(8).readBigUInt64BE().toString(),
    kernels: kernels.map(kernelOf),
    cases,
    accelerator,
    bootSeconds,
    freshBoot: wishes.freshBoot,
    controls: [],
    rates: ratesFor(cases, accelerator, rates),
    bound: wishes.bound ?? DEFAULT_PLAN.bound,
    raceSeconds: wishes.raceSeconds ?? DEFAULT_PLAN.raceSeconds,
    measure: DEFAULT_PLAN.measure,
    expected: estimatesFrom(cases, accelerator, times),
    args,
    listing: listing.map((kernel) => ({ ...kernelOf(kernel), gone: kernel.state === 'gone' })),
    search: wishes.search === true,
    suite,
    verify: DEFAULT_PLAN.verify,
  }
  const here = { host: hostLine(ready.host), qemu: ready.host.qemu }
  for (const text of rateNotes(plan, ready.programs, here)) listen({ kind: 'note', text })
  return { plan, ready }
}
