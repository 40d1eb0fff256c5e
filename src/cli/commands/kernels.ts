/** `kwitness kernels`: list kernels, and fetch them into the cache. */
import { Argument, Option, type Command } from '@commander-js/extra-typings'
import { fetchKernel, listKernels, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { inSpan, withSubject } from '#harness/support/spans.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { ListedKernel } from '#domain/kernel.ts'
import { freshnessOf as indexFreshness } from '#harness/kernels/debian/index.ts'
import type { DebianIndex } from '#schema/cache/debian.ts'
import { helpText } from '../help/text.ts'
import { json, mirror, verbose, type OptionsOf } from '../options/shared.ts'
import { given, readSelectors } from '../options/values.ts'
import { createKernelContext } from '../terminal/kernel-context.ts'
import { untilSignal } from '../terminal/signals.ts'
import { createProgress } from '../output/progress.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { print } from '../output/streams.ts'

const refresh = new Option('--refresh', 'ask the mirror again, however fresh the last answer is')

const listOptions = (command: Command) => command.addOption(refresh).addOption(mirror).addOption(json('the kernels'))
const pullOptions = (command: Command) => command.addOption(mirror).addOption(json('ids and files')).addOption(verbose)

/** Declare the command with its subcommands. */
export function declare(command: Command) {
  command.description('List kernels, or fetch them into the cache.').helpCommand(false).addHelpText('after', HELP)
  listOptions(command.command('list', { isDefault: true }))
    .addArgument(new Argument('[selectors...]', 'only these (default: all of the flavour cloud-amd64)').argParser(readSelectors))
    .description('List kernels: whether they are cached, their series, size and origin.')
    .addHelpText('after', HELP)
    .action(async (selectors, options) => {
      process.exitCode = await list(selectors, options)
    })
  pullOptions(command.command('pull'))
    .addArgument(new Argument('<selectors...>', 'which kernels').argParser(readSelectors))
    .description('Fetch kernels ahead of a run; those of a tree: selector are built.')
    .addHelpText('after', HELP)
    .action(async (selectors, options) => {
      process.exitCode = await pull(selectors, options)
    })
}

const HELP = helpText({
  remarks: [
    'kwitness help selectors shows how to name kernels.',
    'A mirror that cannot be reached leaves what was known of it: the listing says since when. In JSON `asOf` is when the ' +
      'mirror last listed a kernel, and `isStale` whether it failed to do so since.',
  ],
  exits: { 3: 'infrastructure: the mirror could not be reached, and --refresh asked for it or nothing is known of it' },
  examples: [
    ['all of them', 'kwitness kernels'],
    ['two series, every flavour', "kwitness kernels list 'debian:6.1.y/*,debian:6.12.y/*'"],
    ['fetch what a later run needs', 'kwitness kernels pull default'],
    ['build a tree, and see what make says', 'kwitness kernels pull tree:debian-6.1 --verbose'],
  ],
})

/** What the states of a kernel are called in a listing, and the legend below it. */
const STATES: Readonly<Record<ListedKernel['state'], readonly [label: string, meaning: string]>> = {
  cached: ['cached', 'on this machine'],
  available: ['available', 'can be fetched'],
  'not-on-mirror': ['not on the mirror', 'an index lists it, but the mirror no longer has its packages'],
}

const mib = (bytes: number | null): string => (bytes === null ? '?' : `${(bytes / 2 ** 20).toFixed(0)} MiB`)

function row({ id, series, state, bytes, origin }: ListedKernel): string {
  return `${STATES[state][0].padEnd(17)}  ${series.padEnd(7)}  ${id.padEnd(46)}  ${mib(bytes).padStart(8)}  ${origin}`
}

/** List kernels, all or those the selectors name, and give the exit code. */
async function list(selectors: readonly string[], options: OptionsOf<typeof listOptions>): Promise<number> {
  const progress = createProgress(process.stderr, () => performance.now())
  const found = new Map<string, ListedKernel>()
  let index: DebianIndex | null | undefined
  const context: KernelContext = {
    workspace: findWorkspace(),
    progress: (event) => progress.onEvent({ kind: 'kernel', progress: event }),
    onIndex: (read) => (index = read),
    ...given({ mirror: options.mirror, freshAfter: options.refresh ? Date.now() : undefined }),
  }
  try {
    const wanted = selectors.length === 0 ? [{}] : selectors.map((selector) => ({ selector }))
    for (const one of wanted) for (const kernel of await listKernels(context, one)) found.set(kernel.id, kernel)
  } finally {
    progress.end()
  }
  const kernels = [...found.values()].map((kernel): Row => ({ ...kernel, ...freshnessOf(kernel, index) }))
  if (kernels.length === 0) {
    throw new UserError('no kernel is listed, and none is in the cache', 'check the network, or name a mirror: --mirror URL')
  }
  const text = [...kernels.map(row), ...legend(kernels), ...staleness(kernels, index)].join('\n')
  await print(options.json ? JSON.stringify(kernels, null, 2) : text, options.json)
  return exitCodeOf(index, options.refresh === true)
}

/** A row of the listing; the times are null for a kernel that no index of the mirror lists. */
type Row = ListedKernel & { readonly asOf: string | null; readonly isStale: boolean }

function freshnessOf({ provider, id }: ListedKernel, index: DebianIndex | null | undefined): Pick<Row, 'asOf' | 'isStale'> {
  const listed = provider === 'debian' && index ? indexFreshness(id, index) : null
  return listed ?? { asOf: null, isStale: false }
}

/** What the listing does not know for sure, for people: since when the mirror, or a suite of it, was not reached. */
function staleness(kernels: readonly Row[], index: DebianIndex | null | undefined): string[] {
  if (index === null)
    return ['The mirror could not be reached and no index of it is stored: only kernels on this machine are listed.']
  const stale = kernels.filter(({ isStale }) => isStale)
  const oldest = stale.flatMap(({ asOf }) => asOf ?? []).toSorted()[0]
  if (index === undefined || oldest === undefined) return []
  const since = oldest.startsWith('1970') ? 'at an unknown time' : `at ${oldest}`
  const which = stale.length === kernels.length ? 'all of this' : `${stale.length} of these kernels`
  return [`The mirror could not be reached at ${index.askedAt}: ${which} is as the mirror was ${since}.`]
}

/** 3 where what was to be refreshed was not, or nothing is known of the mirror at all. */
function exitCodeOf(index: DebianIndex | null | undefined, isWanted: boolean): number {
  if (index === undefined) return 0
  return index === null || (isWanted && !index.reached) ? 3 : 0
}

/** How many kernels are in each state, and what it means. */
function legend(kernels: readonly ListedKernel[]): string[] {
  const counted = Object.entries(STATES).map(([state, [label, meaning]]) => {
    const count = kernels.filter((kernel) => kernel.state === state).length
    return count === 0 ? [] : [`  ${String(count).padStart(5)} ${label}: ${meaning}`]
  })
  return [`${kernels.length} kernels`, ...counted.flat()]
}

/** Fetch the kernels that these selectors name, and give the exit code. */
async function pull(selectors: readonly string[], options: OptionsOf<typeof pullOptions>): Promise<number> {
  const progress = createProgress(process.stderr, () => performance.now())
  const fetched: { readonly id: string; readonly file: string | null }[] = []
  const fetch = async (signal: AbortSignal): Promise<void> => {
    const context = createKernelContext(options, progress, signal)
    for (const kernel of await selectKernels(selectors, context)) {
      const subject = { kernel: kernel.id, case: null, lane: 'fetches' } as const
      const image = await withSubject(subject, () => inSpan('fetch', () => fetchKernel(kernel, context)))
      const file = image.vmlinux ?? image.bzImage ?? image.disk?.path ?? null
      fetched.push({ id: kernel.id, file })
      if (!options.json) await print(`${kernel.id}  ${file}`)
    }
  }
  const finished = await untilSignal(fetch).finally(progress.end)
  if (!finished) return INTERRUPTED
  if (options.json) await print(JSON.stringify(fetched, null, 2), true)
  return 0
}
