/** A check of machines that run: all are asked, then what they answered is stored as a run. */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckQuestion, HostAnswer, Target } from '#harness/check/ask.ts'
import { buildCheckProgram } from '#harness/image/check-program.ts'
import type { Program } from '#harness/image/program.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { inSpan } from '#harness/support/spans.ts'
import { asTriedByChance, type Case } from '#domain/case.ts'
import { openStore } from '#store/index.ts'
import type { RunRecord, Store } from '#store/ports.ts'
import type { RunEventListener } from '../context/events.ts'
import { ResourcePool } from '../context/resource-pool.ts'
import { CATALOGUE, readCatalogue, selectCases } from '../prepare/catalogue.ts'
import { storeAnswers, type Answers, type Asked, type FoundHostChangelog } from './answers.ts'
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
  /** Before a person at the terminal is asked about an unknown host key; null where nobody is there, so that it is refused. */
  readonly beforeIntroduction: (() => void) | null
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
  const program = await inSpan('programs', () => buildCheckProgram(context.workspace.cache, chosen, context.signal))
  const targets = await request.targets(program)
  const seed = request.seed ?? randomBytes(8).readBigUInt64BE().toString()
  const asked = await askAll(targets, { ...request, seed, cases }, context, onEvent)
  return { asked, cases, seed, program: program.sha256 }
}

/** Seconds before a machine is asked again that lets nobody in for a while: a penalty of OpenSSH lasts 15 s and more. */
const RETRY_SECONDS = [1, 3, 8, 16]

interface Asking extends Pick<CheckRequest, 'parallel' | 'allowDestructive' | 'beforeIntroduction'> {
  readonly seed: string
  readonly cases: readonly Case[]
}

async function askAll(
  targets: readonly Target[],
  { parallel, allowDestructive, beforeIntroduction, seed, cases }: Asking,
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
  const note = (text: string): void => onEvent({ kind: 'note', text })

  async function askOnce(target: Target): Promise<HostAnswer> {
    using _ = await pool.acquire({ hosts: 1 }, 0)
    const answer = await target.ask(question)
    note(`${target.host}: ${answer.message ?? answer.outcome} (${answer.seconds.toFixed(1)} s)`)
    return answer
  }

  /** Ask until it lets us in, or for the last time; while it does not, its turn is that of others. */
  async function askPatiently(target: Target): Promise<HostAnswer> {
    for (const seconds of RETRY_SECONDS) {
      const answer = await askOnce(target)
      if (answer.outcome !== 'penalised') return answer
      // Not all of them at the same moment again.
      const pause = seconds * (0.75 + 0.5 * Math.random())
      note(`${target.host}: asked again in ${pause.toFixed(0)} s`)
      await sleep(pause * 1000, undefined, signal ? { signal } : {})
    }
    return askOnce(target)
  }

  const answering = targets.map(askPatiently)
  const changelogs = new Map<string, Promise<FoundHostChangelog | null>>()

  /**
   * Read the changelog of a kernel on the first of its machines, before others are asked: a further session to each would cost as
   * much as asking.
   */
  function changelogOf(target: Target, { stream }: HostAnswer): Promise<FoundHostChangelog | null> {
    const build = kernelOfHost(target.host, stream.head)?.build
    if (build === undefined) return Promise.resolve(null)
    const read = async (): Promise<FoundHostChangelog | null> => {
      using _ = await pool.acquire({ hosts: 1 }, 1)
      const changelog = await target.changelog(signal)
      return changelog && { ...changelog, on: target.host }
    }
    const found = changelogs.get(build) ?? read()
    changelogs.set(build, found)
    // Whoever takes it is told of what goes wrong.
    found.catch(() => undefined)
    return found
  }

  /** In the order of the machines, so that the same one is the first each time. */
  async function beginChangelogs(): Promise<void> {
    for (const [n, answer] of answering.entries()) void changelogOf(targets[n]!, await answer)
  }

  const [answers] = await Promise.all([Promise.all(answering), beginChangelogs()])
  const asked: Asked[] = []
  for (const [n, target] of targets.entries()) {
    let answer = answers[n]!
    if (answer.outcome === 'host-key-unknown' && beforeIntroduction !== null && target.introduce) {
      beforeIntroduction()
      await target.introduce(signal)
      signal?.throwIfAborted()
      answer = await askPatiently(target)
    }
    const host = target.host === 'running' ? hostname() : target.host
    const kernel = kernelOfHost(host, answer.stream.head)
    asked.push({ host: target.host, answer, kernel, changelog: await changelogOf(target, answer) })
  }
  return asked
}
