/** A check of machines that run: all are asked, then what they answered is stored as a run. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { CheckQuestion, Target } from '#harness/check/ask.ts'
import { buildCheckProgram } from '#harness/image/check-program.ts'
import type { Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { asTriedByChance, type Case } from '#domain/case.ts'
import { openStore } from '#store/index.ts'
import type { RunRecord, Store } from '#store/ports.ts'
import type { RunEventListener } from '../context/events.ts'
import { ResourcePool } from '../context/resource-pool.ts'
import { CATALOGUE, readCatalogue, selectCases } from '../prepare/catalogue.ts'
import { storeAnswers, type Answers, type Asked } from './answers.ts'
import { kernelOfHost } from './kernel.ts'

export interface CheckRequest {
  /** Case ids or globs. */
  readonly cases: readonly string[]
  /** Folder of the catalogue; the product's own when not given. */
  readonly catalogue?: string
  /** Unsigned 64-bit, decimal; drawn when not given. */
  readonly seed?: string
  readonly allowDestructive: boolean
  /** Machines that are asked at the same time. */
  readonly parallel: number
  /** The machines, given the program that asks them. Throws UserError for one that is named twice. */
  readonly targets: (program: Program) => Promise<readonly Target[]>
}

/** A stored check. The caller closes the store. */
export interface StoredCheck {
  readonly store: Store
  readonly record: RunRecord
}

/** Ask every machine. Nothing is stored when this is interrupted: it takes seconds to ask again. */
export async function checkHosts(request: CheckRequest, context: KernelContext, onEvent: RunEventListener): Promise<StoredCheck> {
  const answers = await askMachines(request, context, onEvent)
  const store = await openStore(context.workspace.state)
  try {
    const onSkipped = (text: string): void => onEvent({ kind: 'note', text })
    return { store, record: await storeAnswers(store, answers, { cache: context.workspace.cache, onSkipped }) }
  } catch (error) {
    store.close()
    throw error
  }
}

/** Ask every machine, and store nothing. */
export async function askMachines(request: CheckRequest, context: KernelContext, onEvent: RunEventListener): Promise<Answers> {
  const chosen = selectCases(await readCatalogue(request.catalogue ?? CATALOGUE), request.cases)
  // A debugger is needed for every interleaving; on a running machine a race is tried by chance.
  const cases = chosen.map(asTriedByChance)
  const program = await buildCheckProgram(context.workspace.cache, chosen)
  const targets = await request.targets(program)
  const seed = request.seed ?? randomBytes(8).readBigUInt64BE().toString()
  const asked = await askAll(targets, { ...request, seed, cases }, context, onEvent)
  return { asked, cases, seed, program: program.sha256 }
}

interface Asking extends Pick<CheckRequest, 'parallel' | 'allowDestructive'> {
  readonly seed: string
  readonly cases: readonly Case[]
}

async function askAll(
  targets: readonly Target[],
  { parallel, allowDestructive, seed, cases }: Asking,
  { signal }: KernelContext,
  onEvent: RunEventListener,
): Promise<Asked[]> {
  const pool = new ResourcePool({ hosts: parallel }, signal)
  const timeouts = cases.map(({ timing }) => timing.timeoutSeconds)
  const total = targets.length * cases.length
  let done = 0
  const question: CheckQuestion = {
    options: ['--seed', seed, ...(allowDestructive ? ['--allow-destructive'] : [])],
    limitSeconds: timeouts.reduce((sum, seconds) => sum + seconds, 0),
    longestSeconds: Math.max(...timeouts),
    onCase: ({ id }) => {
      done += 1
      onEvent({ kind: 'cell-done', kernel: '', case: id, done, total })
    },
    signal,
  }
  return Promise.all(
    targets.map(async (target): Promise<Asked> => {
      using _ = await pool.acquire({ hosts: 1 }, 0)
      const answer = await target.ask(question)
      const { outcome, message, seconds, stream } = answer
      onEvent({ kind: 'note', text: `${target.host}: ${message ?? outcome} (${seconds.toFixed(1)} s)` })
      const host = target.host === 'running' ? hostname() : target.host
      return { host: target.host, answer, kernel: kernelOfHost(host, stream.head) }
    }),
  )
}
