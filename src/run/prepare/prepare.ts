/** Prepare a run: choose kernels and cases, build what runs in the guest, prove the accelerator, make the plan. */
import { randomBytes } from 'node:crypto'
import { assumeAccelerator, proveAccelerator } from '#harness/boot/accelerator/prove.ts'
import { fetchKernel, listSeries, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { startSpan } from '#harness/support/spans.ts'
import type { AttemptTime } from '#domain/evidence.ts'
import { asTriedByChance, triedBothWays, type Case } from '#domain/case.ts'
import type { ControlRate } from '#domain/control.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, ListedKernel } from '#domain/kernel.ts'
import type { Accelerator } from '#domain/profile.ts'
import { isOfImage } from '#plan/cells.ts'
import { rateNotes, ratesFor } from '#plan/control-rates.ts'
import { estimatesFrom } from '#plan/estimates.ts'
import { DEFAULT_PLAN, type PlanCommon } from '#plan/plan.ts'
import { hasStore, openStoreForReading } from '#store/index.ts'
import { hostLine } from '#verdict/race/conditions.ts'
import type { GuestInputs } from '../context/context.ts'
import type { RunEventListener } from '../context/events.ts'
import { CATALOGUE, readCatalogue, selectCases } from './catalogue.ts'
import { makeGuestInputs } from './guest-inputs.ts'
import { findPlaceholders } from './placeholders.ts'

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
  readonly noSnapshot: boolean
  /** Fork no guest: restore one for each attempt. */
  readonly noFork?: boolean
  /** What guests have around the case: `debian:SUITE` for a disk with an sshd; the agent alone when not given. */
  readonly userland?: string
  /** Absolute path of the folder for the report; its usual place when not given. */
  readonly out?: string
  /** The miss probability at or below which a race without a hit counts as carrying the fix. */
  readonly maxMissProbability?: number
  /** Guest seconds for each race cell, in one pool. */
  readonly raceSeconds?: number
  /** How cases that have a schedule are tried: by every interleaving of their window when not given. */
  readonly races?: 'by chance' | 'both ways'
}

/** What a plan of any kind is made from, and what its guests need. */
export interface Prepared {
  readonly common: PlanCommon
  readonly inputs: GuestInputs
}

/** Choose, build and prove for cases of a catalogue. Throws UserError for a request that cannot be met. */
export async function prepare(request: RunRequest, context: KernelContext, onEvent: RunEventListener): Promise<Prepared> {
  // Made once: a user who may not, or a mirror without it, must be known before the kernels are there.
  const userland = request.userland === undefined ? undefined : await readyUserland(request.userland, context)
  const selected = selectCases(await readCatalogue(request.catalogue ?? CATALOGUE), request.cases)
  const cases = selected.flatMap((theCase) => {
    if (request.races === 'both ways') return triedBothWays(theCase)
    // The debugger stops all of a guest, and a session of its sshd with it.
    return request.races === 'by chance' || request.userland !== undefined ? asTriedByChance(theCase) : theCase
  })
  for (const { id, folder } of cases) {
    const [first] = await findPlaceholders(folder)
    if (first) onEvent({ kind: 'note', text: `${id} is not complete: ${first.file}:${first.line} holds a placeholder` })
  }
  const named = userland === undefined ? request : { ...request, userland }
  return preparePlan(named, { cases, making: makeGuestInputs(cases, context) }, context, onEvent)
}

/** The name of a userland whose disk is there. */
async function readyUserland(wanted: string, context: KernelContext): Promise<string> {
  const { nameUserland, openUserland } = await import('#harness/userland.ts')
  const userland = await nameUserland(wanted, context)
  await openUserland(userland, context)
  return userland
}

/** What a plan is made for: cases of a catalogue, or programs of a suite as cases. */
export interface Work {
  readonly cases: readonly Case[]
  /** Builds go on while kernels are chosen. */
  readonly making: Promise<GuestInputs>
}

/**
 * Choose the kernels, prove the accelerator, and return what every kind of plan says. Throws UserError for a request that
 * cannot be met.
 */
export async function preparePlan(
  request: RunRequest,
  { cases, making }: Work,
  context: KernelContext,
  onEvent: RunEventListener,
): Promise<Prepared> {
  const [{ kernels, listing }, inputs] = await Promise.all([chooseKernels(request.kernels, context), making])
  const { accelerator, bootSeconds } = await chooseAccelerator(request.accelerator, kernels, inputs, context, onEvent)
  const { rates, times } = await keptIn(context.workspace.state)
  const common: PlanCommon = {
    schema: 'kwitness.plan/2',
    seed: request.seed ?? randomBytes(8).readBigUInt64BE().toString(),
    kernels: kernels.map(kernelOf),
    cases,
    accelerator,
    bootSeconds,
    noSnapshot: request.noSnapshot,
    ...(request.noFork ? { noFork: true } : {}),
    ...(request.userland === undefined ? {} : { userland: request.userland }),
    ...(request.out === undefined ? {} : { out: request.out }),
    rates: ratesFor(cases, accelerator, rates, request.userland),
    maxMissProbability: request.maxMissProbability ?? DEFAULT_PLAN.maxMissProbability,
    raceSeconds: request.raceSeconds ?? DEFAULT_PLAN.raceSeconds,
    estimates: estimatesFrom(cases, accelerator, times, request.userland),
    listing: listing.map((kernel) => ({ ...kernelOf(kernel), notOnMirror: kernel.state === 'not-on-mirror' })),
  }
  const here = { host: hostLine(inputs.host), qemu: inputs.host.qemu }
  for (const text of rateNotes(common, inputs.programs, here)) onEvent({ kind: 'note', text })
  return { common, inputs }
}

/** The kernels of a run, and all that is listed of their series. */
async function chooseKernels(selectors: readonly string[], context: KernelContext) {
  using _ = startSpan('choose kernels')
  const kernels = await selectKernels(selectors, context)
  return { kernels, listing: await listSeries(kernels, context) }
}

/** What a plan keeps of a listed kernel: its availability changes. */
function kernelOf({ id, provider, version, series, build, flavour, arch }: ListedKernel): Kernel {
  return { id, provider, version, series, build, flavour, arch }
}

/** The accelerator of a run, by a boot of one of its kernels. Throws InfraError where KVM is wanted and does not work. */
async function chooseAccelerator(
  wanted: Accelerator | undefined,
  kernels: readonly ListedKernel[],
  { host, initramfs }: GuestInputs,
  context: KernelContext,
  onEvent: RunEventListener,
): Promise<Pick<PlanCommon, 'accelerator' | 'bootSeconds'>> {
  using _ = startSpan('prove accelerator')
  const own = kernels.filter((kernel) => !isOfImage(kernel))
  const first = own.find(({ state }) => state === 'cached') ?? own[0]
  const { cache } = context.workspace
  if (!first) {
    if (kernels.length === 0) throw new UserError('no kernel was chosen', 'kwitness kernels list shows what is available')
    // A guest of a disk takes a minute to speak, so none is asked whether KVM works: what another one proved is known.
    return assumeAccelerator(cache, host, wanted)
  }
  const image = await fetchKernel(first, context)
  const note = (text: string) => onEvent({ kind: 'note', text })
  const proven = await proveAccelerator(cache, image, initramfs, host, { wanted, signal: context.signal, note })
  const { accelerator, bootSeconds } = proven
  if (wanted === 'kvm' && accelerator !== 'kvm')
    throw new InfraError(`KVM was asked for and does not work here: ${proven.why}`, 'leave out --accel to run under TCG')
  if (proven.isNew && proven.why !== null) note(`guests run under TCG, slower: ${proven.why}`)
  return { accelerator, bootSeconds }
}

/** What earlier runs left for later ones; empty before anything is stored. */
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
