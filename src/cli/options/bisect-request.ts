/** From the options of `kwitness bisect` to what a bisection must find out. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import { readBisectLog } from '#analysis/bisect/log.ts'
import type { BisectRequest, NamedCommit } from '#domain/report/bisect.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { Case } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { Boundary, Report } from '#domain/report/matrix.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { nearestOf, resolveCommit } from '#run/bisect/git.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { DEFAULT_PLAN } from '#plan/plan.ts'
import { openStoreForReading } from '#store/index.ts'
import { scanRuns } from '#run/results/scan.ts'
import { tellSkipped } from '../output/problems.ts'
import type { BisectRequestOptions } from './bisect.ts'

/** Read them. Throws UserError for one that is missing, cannot be read or names what is not there. */
export async function parseBisectOptions(
  options: BisectRequestOptions,
  paths: readonly string[],
  context: KernelContext,
): Promise<BisectRequest> {
  const tree = resolve(options.tree ?? '.')
  const { cases, ...range } = await readRange(options, paths, context)
  const theCase = await readOneCase(cases, options.catalogue)
  const { seed, maxMissProbability, raceSeconds } = options
  return {
    tree,
    ...range,
    case: theCase,
    configs: options.config ?? [],
    seed: seed ?? randomBytes(8).readBigUInt64BE().toString(),
    maxMissProbability: maxMissProbability ?? DEFAULT_PLAN.maxMissProbability,
    raceSeconds: raceSeconds ?? DEFAULT_PLAN.raceSeconds,
  }
}

/** The one case that is meant. Throws UserError for none, and for several. */
export async function readOneCase(names: readonly string[] | undefined, catalogue: string | undefined): Promise<Case> {
  if (names === undefined) throw new UserError('no case is named', 'name one with --cases ID; kwitness cases lists them')
  const found = selectCases(await readCatalogue(catalogue ?? CATALOGUE), names)
  const [theCase] = found
  if (theCase && found.length === 1) return theCase
  throw new UserError(`--cases ${names.join(',')} names ${found.length} cases`, 'a bisection is about one case')
}

/** What the options say of the commits, and with `--from-boundary` of the case. */
interface Range extends Pick<BisectRequest, 'old' | 'new' | 'paths' | 'firstParent' | 'terms' | 'knownMarks'> {
  readonly cases: readonly string[] | undefined
}

async function readRange(options: BisectRequestOptions, paths: readonly string[], context: KernelContext): Promise<Range> {
  if (options.replay !== undefined) return replayed(options, paths, options.replay)
  const tree = resolve(options.tree ?? '.')
  const named = options.fromBoundary === undefined ? options : { ...options, ...(await fromBoundary(options, context)) }
  const { cases, old, new: newer } = named
  if (old === undefined || newer === undefined) throw new UserError('an end is missing', 'name both: --old REV --new REV')
  const ends = { old: await resolveCommit(tree, old), new: await resolveCommit(tree, newer) }
  return { cases, ...ends, paths, firstParent: options.firstParent === true, terms: readTerms(options), knownMarks: NOBODY }
}

const NOBODY: BisectRequest['knownMarks'] = { old: [], skip: [] }

/** What a `git bisect log` says: its nearest ends, which are asked, and what else it marked, which is taken over. */
async function replayed(options: BisectRequestOptions, paths: readonly string[], file: string): Promise<Range> {
  if (paths.length > 0) throw new UserError('--replay brings its own paths', 'leave out those behind --')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot read ${file}: ${error.code}`)
  })
  const log = readBisectLog(text)
  const tree = resolve(options.tree ?? '.')
  for (const hash of [...log.old, ...log.new, ...log.skip]) await resolveCommit(tree, hash)
  const [old = '', ...moreOld] = await nearestOf(tree, log.old)
  const named = (commit: string): NamedCommit => ({ name: commit.slice(0, 12), commit })
  const ends = { old: named(old), new: named(log.new.at(-1) ?? '') }
  const { paths: logged, terms, skip } = log
  return { cases: options.cases, ...ends, paths: logged, firstParent: log.firstParent, terms, knownMarks: { old: moreOld, skip } }
}

function readTerms({ termOld = 'old', termNew = 'new' }: BisectRequestOptions): BisectRequest['terms'] {
  for (const term of [termOld, termNew]) {
    if (!/^[A-Za-z][\w-]*$/.test(term)) throw new UserError(`${term} is not a valid term`, 'give a word such as fixed')
  }
  if (termOld === termNew) throw new UserError(`both terms are ${termOld}`, 'name two')
  return { old: termOld, new: termNew }
}

/** The case and both ends of `CASE:SERIES`, from the newest run that has such a boundary. */
async function fromBoundary({ fromBoundary: text = '', run, old, new: newer }: BisectRequestOptions, context: KernelContext) {
  const [, id, name] = /^([^:]+):(\d+\.\d+)(?:\.y)?$/.exec(text) ?? []
  if (id === undefined) throw new UserError(`--from-boundary takes CASE:SERIES, not ${text}`, 'such as uffd-wp-mremap:6.1.y')
  const store = await openStoreForReading(context.workspace.state)
  try {
    const runs = run === undefined ? scanRuns(store, tellSkipped) : [{ run: await store.readRun(run) }]
    for await (const { run: record } of runs) {
      const { report } = await buildRunReport(store, record, { only: id })
      const found = report.boundaries.filter((one) => one.case === id && one.series === `${name}.y`)
      const [first] = found
      if (found.length > 1)
        throw new UserError(`${id} has more than one boundary in ${name}.y:\n${listOf(found)}`, 'name the ends: --old, --new')
      if (first) return { cases: [id], old: old ?? tagOf(report, first.before), new: newer ?? tagOf(report, first.after) }
    }
  } finally {
    store.close()
  }
  const hint = 'kwitness run finds them; or name the ends: --old, --new'
  throw new UserError(`no stored run has a boundary of ${id} in ${name}.y`, hint)
}

const listOf = (all: readonly Boundary[]): string => all.map(({ before, after }) => `  ${before} to ${after}`).join('\n')

function tagOf(report: Report, id: string): string {
  const kernel = report.kernels.find((one) => one.id === id)
  if (!kernel) throw new InvariantError(`run ${report.run.id} has a boundary at ${id}, and no such kernel`)
  return releaseTag(kernel)
}

/** The tag of a kernel's upstream release: v5.10.223, v7.3-rc7. */
export function releaseTag({ version }: Pick<Kernel, 'version'>): string {
  return `v${version.replace('~', '-')}`
}
