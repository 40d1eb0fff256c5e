/** What machines answered, stored as a finished run of its own kind. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostAnswer } from '#harness/check/ask.ts'
import type { HostChangelog } from '#harness/check/changelog.ts'
import { openScratch } from '#harness/support/scratch.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { CheckedHost, NearestKernel } from '#domain/report/host.ts'
import { changelogOfRpm } from '#analysis/claims/rpm-changelog.ts'
import { cellsOf } from '#plan/cells.ts'
import { DEFAULT_PLAN, type Plan, type PlanOf } from '#plan/plan.ts'
import type { MadeAttempt, ReadRuns, RunRecord, Store } from '#store/ports.ts'
import { storeRun } from '../lifecycle.ts'
import type { OnSkipped } from '../results/scan.ts'
import { evidenceOf, kernelHash } from './evidence.ts'
import { nearestOf } from './nearest.ts'

/** What machines answered, and to what. */
export interface Answers {
  readonly asked: readonly Asked[]
  /** As they were tried there. */
  readonly cases: readonly Case[]
  readonly seed: string
  /** sha256 of kwitness-check. */
  readonly program: string
}

/** A changelog that a machine with this kernel has. */
export interface FoundHostChangelog extends HostChangelog {
  /** The machine that it was read on, as it was named. */
  readonly on: string
}

/** A machine that was asked. */
export interface Asked {
  /** As it was named. */
  readonly host: string
  readonly answer: HostAnswer
  /** Null where it did not say which kernel it runs. */
  readonly kernel: Kernel | null
  /** Of the package that the kernel came in; null where it was not read. */
  readonly changelog: FoundHostChangelog | null
}

/** Where answers are stored. */
interface Storing {
  readonly cache: string
  /** Called with a line about each stored run that cannot be read. */
  readonly onSkipped: OnSkipped
}

/** Store what the machines answered as a finished run. Throws UserError where two of them are one. */
export async function storeAnswers(store: Store, answers: Answers, { cache, onSkipped }: Storing): Promise<RunRecord> {
  const plan: PlanOf<'check'> = {
    ...DEFAULT_PLAN,
    schema: 'kwitness.plan/2',
    kind: 'check',
    seed: answers.seed,
    kernels: kernelsOf(answers),
    cases: answers.cases,
    accelerator: 'none',
    bootSeconds: 0,
    noSnapshot: true,
    hosts: await hostsOf(store, answers, onSkipped),
  }
  const host = { kernel: 'of each machine', qemu: 'none', cpus: 1, accelerator: 'none' }
  return storeRun(store, { plan, host, fill: ({ id }) => recordAnswers(store, id, plan, answers, cache) })
}

/** Store what the machines answered as attempts of a run whose plan has their kernels. */
export async function recordAnswers(
  store: Store,
  run: string,
  plan: Plan,
  { asked, program }: Answers,
  cache: string,
): Promise<void> {
  const scratch = await openScratch(cache)
  try {
    await recordChangelogs(store, run, asked)
    const kernels: { kernel: Kernel; sha256: string }[] = []
    const attempts: MadeAttempt[] = []
    for (const { answer, kernel } of asked) {
      if (kernel === null) continue
      const { head } = answer.stream
      kernels.push({ kernel, sha256: kernelHash(head) })
      const cells = new Map(cellsOf({ ...plan, kernels: [kernel] }).map((cell) => [cell.case.id, cell]))
      for (const one of answer.stream.cases) {
        const cell = cells.get(one.id)
        if (!cell) continue
        const folder = await mkdtemp(join(scratch, 'case-'))
        const evidence = await evidenceOf(plan, cell, { head, one, program, folder })
        attempts.push({ evidence, logs: folder })
      }
    }
    await store.recordAttempts(run, kernels, attempts)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Store the changelogs of the machines' kernels as claim sources. */
async function recordChangelogs(store: Store, run: string, asked: readonly Asked[]): Promise<void> {
  const texts = new Map<string, Uint8Array>()
  const sources = asked.flatMap(({ kernel, changelog }) => {
    if (kernel === null || changelog === null) return []
    const { manager, package: name, text, on } = changelog
    const build = name.replace(/^\S+ (?:\d+:)?/, '')
    const bytes = Buffer.from(manager === 'rpm' ? changelogOfRpm(text, build) : text)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    texts.set(sha256, bytes)
    const origin = `the changelog of ${name} on ${on}`
    return { kernel: kernel.id, changelog: { sha256, build, instead: null, origin }, gitTree: null }
  })
  if (sources.length > 0) await store.recordClaimSources(run, sources, texts)
}

/** The kernels of the machines. Throws UserError where two of them are one. */
export function kernelsOf({ asked }: Pick<Answers, 'asked'>): Kernel[] {
  const kernels = asked.flatMap(({ kernel }) => kernel ?? [])
  if (new Set(kernels.map(({ id }) => id)).size < kernels.length) {
    throw new UserError('two of the machines are one', 'name each machine once')
  }
  return kernels
}

/** What came of each machine, with the nearest kernel of the stored runs. */
export async function hostsOf(store: ReadRuns, { asked }: Pick<Answers, 'asked'>, onSkipped: OnSkipped): Promise<CheckedHost[]> {
  // Machines of one kernel have the same neighbour, and building its report takes a second.
  const nearest = new Map<string, NearestKernel | null>()
  const hosts: CheckedHost[] = []
  for (const { host, answer, kernel } of asked) {
    const key = kernel === null ? '' : `${kernel.series}/${kernel.build}`
    if (kernel !== null && !nearest.has(key)) nearest.set(key, await nearestOf(store, kernel, onSkipped))
    const { outcome, message, seconds, stream } = answer
    hosts.push({
      host,
      kernel: kernel?.id ?? null,
      outcome,
      message,
      facts: stream.head,
      left: stream.left,
      seconds,
      nearest: nearest.get(key) ?? null,
    })
  }
  return hosts
}
