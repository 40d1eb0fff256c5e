/** What machines answered, stored as a finished run of its own kind. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HostAnswer } from '#harness/check/ask.ts'
import { openScratch } from '#harness/support/scratch.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { CheckedHost, NearestKernel } from '#domain/report/host.ts'
import { cellsOf } from '#plan/cells.ts'
import { DEFAULT_PLAN, type PlanOf } from '#plan/plan.ts'
import type { RunRecord, Store } from '#store/ports.ts'
import type { OnSkipped } from '../results/scan.ts'
import { evidenceOf, kernelHash } from './evidence.ts'
import { nearestOf } from './nearest.ts'

/** A machine that was asked. */
export interface Asked {
  /** As it was named. */
  readonly host: string
  readonly answer: HostAnswer
  /** Null where it did not say which kernel it runs. */
  readonly kernel: Kernel | null
}

/** What is stored with the answers. */
interface Storing {
  readonly cases: readonly Case[]
  readonly seed: string
  /** sha256 of kwitness-check. */
  readonly program: string
  readonly cache: string
  /** Called with a line about each stored run that cannot be read. */
  readonly onSkipped: OnSkipped
}

/** Store what the machines answered as a finished run. Throws UserError where two of them are one. */
export async function storeAnswers(store: Store, asked: readonly Asked[], storing: Storing): Promise<RunRecord> {
  const plan = await planFor(store, asked, storing)
  const host = { kernel: 'of each machine', qemu: 'none', cpus: 1, accelerator: 'none' }
  const record = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
  const scratch = await openScratch(storing.cache)
  try {
    for (const { answer, kernel } of asked) {
      if (kernel === null) continue
      const { head } = answer.stream
      await store.recordKernel(kernel, kernelHash(head))
      const cells = new Map(cellsOf({ ...plan, kernels: [kernel] }).map((cell) => [cell.case.id, cell]))
      for (const one of answer.stream.cases) {
        const cell = cells.get(one.id)
        if (!cell) continue
        const folder = await mkdtemp(join(scratch, 'case-'))
        const evidence = await evidenceOf(plan, cell, { head, one, program: storing.program, folder })
        await store.recordAttempt(record.id, evidence, folder)
      }
    }
    await store.finishRun(record.id, new Date().toISOString())
  } catch (error) {
    await store.releaseRun(record.id).catch(() => undefined)
    throw error
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
  return store.readRun(record.id)
}

async function planFor(store: Store, asked: readonly Asked[], { cases, seed, onSkipped }: Storing): Promise<PlanOf<'check'>> {
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
  const kernels = asked.flatMap(({ kernel }) => kernel ?? [])
  if (new Set(kernels.map(({ id }) => id)).size < kernels.length) {
    throw new UserError('two of the machines are one', 'name each machine once')
  }
  return {
    ...DEFAULT_PLAN,
    schema: 'kwitness.plan/2',
    kind: 'check',
    seed,
    kernels,
    cases,
    accelerator: 'none',
    bootSeconds: 0,
    noSnapshot: true,
    hosts,
  }
}
