/** `kwitness runs`: the stored runs. */
import { matchesGlob } from 'node:path'
import { Option, type Command } from '@commander-js/extra-typings'
import { REPOSITORY } from '#harness/support/repository.ts'
import { UserError } from '#domain/errors.ts'
import type { PlanKind } from '#plan/plan.ts'
import { readScanned } from '#run/results/scan.ts'
import type { AttemptCounts, RunRecord } from '#store/ports.ts'
import { helpText } from '#cli/help/text.ts'
import * as shared from '#cli/options/shared.ts'
import type { OptionsOf } from '#cli/options/shared.ts'
import { readSince } from '#cli/options/values.ts'
import { tellSkipped } from '#cli/output/problems.ts'
import { withStore, type ReadingStore } from '#cli/output/stored-report.ts'
import { print } from '#cli/output/streams.ts'
import { declareRetention } from '../retention/runs.ts'

/** What came of a run: it ended, a process is at it, or it can be resumed. */
const STATES = ['running', 'resumable', 'finished'] as const
type State = (typeof STATES)[number]

const SORTS = ['time', 'state', 'attempts'] as const

const declareOptions = (command: Command) =>
  command
    .addOption(shared.kernels)
    .addOption(shared.cases)
    .option('--here', 'only those that this checkout started')
    .addOption(new Option('--state <name>', `only those that are ${STATES.join(', ')}`).choices(STATES))
    .addOption(new Option('--since <when>', 'only those since then: 7d, 2h, or a date such as 2026-01-31').argParser(readSince))
    .addOption(new Option('--sort <name>', `by ${SORTS.join(', ')} (default: time)`).choices(SORTS))
    .addOption(shared.json('the runs'))

/** Declare the command. */
export function declare(command: Command) {
  declareRetention(command)
  return declareOptions(command)
    .description('List the stored runs, the oldest first; pin or remove some.')
    .addHelpText(
      'after',
      helpText({
        examples: [
          ['all of them', 'kwitness runs'],
          ['what can be resumed here', 'kwitness runs --here --state resumable'],
          ['those of a week that asked one case', "kwitness runs --since 7d --cases 'uffd-wp-*'"],
          ['keep one from being removed', 'kwitness runs pin 2026-01-31-1'],
          ['what a month of them takes', 'kwitness runs rm --older-than 30d --dry-run'],
        ],
      }),
    )
    .action(async (options) => {
      process.exitCode = await runs(options)
    })
}

/** A stored run as the list has it. */
interface ListedRun extends Pick<RunRecord, 'id' | 'startedAt' | 'finishedAt' | 'owner' | 'origin'>, AttemptCounts {
  readonly state: State
  /** Null where its plan cannot be read. */
  readonly kind: PlanKind | null
  readonly kernels: readonly string[]
  readonly cases: readonly string[]
}

/** List them and give the exit code. */
async function runs(options: OptionsOf<typeof declareOptions>): Promise<number> {
  const all = await withStore(listAll)
  if (all.length === 0) throw new UserError('no run is stored yet', 'kwitness run makes one')
  const { since, state, here, sort = 'time' } = options
  const chosen = all.filter(
    (run) =>
      (since === undefined || run.startedAt >= since) &&
      (state === undefined || run.state === state) &&
      (!here || run.origin?.checkout === REPOSITORY) &&
      matchesAny(run.kernels, options.kernels) &&
      matchesAny(run.cases, options.cases),
  )
  const sorted = chosen.toSorted(ORDERS[sort])
  if (options.json) await print(JSON.stringify(sorted, null, 2), true)
  else await print(sorted.length === 0 ? 'no stored run is like that' : sorted.map(lineOf).join('\n'))
  return 0
}

async function listAll(store: ReadingStore): Promise<ListedRun[]> {
  const listed: ListedRun[] = []
  for (const { id, startedAt, finishedAt, owner } of await store.listRuns()) {
    const scanned = await readScanned(store, id, tellSkipped)
    const [plan, origin] = [scanned?.plan, scanned?.run.origin ?? null]
    const state = finishedAt !== null ? 'finished' : owner !== null ? 'running' : 'resumable'
    const [kernels, cases] = [plan?.kernels.map((kernel) => kernel.id) ?? [], plan?.cases.map((theCase) => theCase.id) ?? []]
    const counts = await store.attemptCounts(id)
    listed.push({ id, startedAt, finishedAt, owner, state, kind: plan?.kind ?? null, kernels, cases, ...counts, origin })
  }
  return listed
}

/** Whether one of the names is one of these, or like one: `6.1` for all kernels that have it in their names. */
function matchesAny(names: readonly string[], patterns: readonly string[] | undefined): boolean {
  if (patterns === undefined) return true
  return names.some((name) => patterns.some((pattern) => matchesGlob(name, pattern) || matchesGlob(name, `*${pattern}*`)))
}

const byTime = (a: ListedRun, b: ListedRun): number => (a.startedAt < b.startedAt ? -1 : 1)

const ORDERS: Readonly<Record<(typeof SORTS)[number], (a: ListedRun, b: ListedRun) => number>> = {
  time: byTime,
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || byTime(a, b),
  attempts: (a, b) => a.made - b.made || byTime(a, b),
}

/** One line: what it was, how far it came, and where it was started unless that is here. */
function lineOf(run: ListedRun): string {
  const { id, startedAt, owner, origin } = run
  const state = run.state === 'running' ? `process ${owner} is at it` : run.state === 'resumable' ? 'can be resumed' : 'finished'
  const size = `${run.kernels.length} x ${run.cases.length}`
  const attempts = `${run.made} made${run.reused > 0 ? `, ${run.reused} reused` : ''}`
  const words = origin === null ? '' : `kwitness ${origin.command.join(' ')}`
  const place = origin === null || origin.checkout === REPOSITORY ? '' : ` in ${origin.checkout}`
  const what = [
    id.padEnd(14),
    startedAt.slice(0, 16).replace('T', ' '),
    (run.kind ?? 'damaged').padEnd(8),
    size.padEnd(8),
    attempts.padEnd(22),
  ]
  return `${what.join('  ')}  ${state}  ${words}${place}`.trimEnd()
}
