/** How people name a result: each way in which tables, reports and other commands print it, and abbreviations of those. */
import type { Kernel } from '#domain/kernel.ts'
import type { AttemptName } from '#store/ports.ts'
import { kernelLabels } from '#render/text/format.ts'

/** How options and errors name a report that is compared. */
export const REPORT_NAMES = 'a run id, a report.json, latest, or latest~1 for the run before it'

/** What a run has results of. */
export interface NamedRun {
  readonly kernels: readonly Kernel[]
  /** Ids of cases or programs. */
  readonly cases: readonly string[]
  readonly attempts: readonly AttemptName[]
  /** What a report calls a kernel besides, such as the source of a base: label and id. */
  readonly labels: readonly (readonly [label: string, kernel: string])[]
}

/** A result that a text may mean. */
export interface NameMatch {
  readonly kernel: string
  readonly case: string
  /** Name of the one attempt that is meant; null where all of the result are. */
  readonly attempt: string | null
  /** 0: the text is a name of it; 1: it abbreviates one at a word's end; 2: within a word. */
  readonly rank: number
}

/** The results of a run that a text means, all of the best rank that has any; none where it means nothing of the run. */
export function matchResults(text: string, run: NamedRun): NameMatch[] {
  const found = [...attemptMatches(text, run), ...splits(text).flatMap(([kernel, name]) => cellMatches(kernel, name, run))]
  const best = Math.min(...found.map(({ rank }) => rank))
  const unique = new Map(found.filter(({ rank }) => rank === best).map((one) => [`${one.kernel}/${one.case}`, one]))
  return [...unique.values()]
}

/** Kernel and case of `KERNEL/CASE`, of `KERNEL CASE` as explain prints it, and of `CASE on KERNEL` as reports do. */
function splits(text: string): (readonly [kernel: string, name: string])[] {
  const [slash, blank] = [text.lastIndexOf('/'), text.lastIndexOf(' ')]
  const [, name, kernel] = /^(\S+) on (.+)$/.exec(text) ?? []
  return [
    ...(slash > 0 ? [[text.slice(0, slash), text.slice(slash + 1)] as const] : []),
    ...(slash <= 0 && blank > 0 ? [[text.slice(0, blank), text.slice(blank + 1)] as const] : []),
    ...(name !== undefined && kernel !== undefined ? [[kernel, name] as const] : []),
  ]
}

function cellMatches(kernelText: string, caseText: string, run: NamedRun): NameMatch[] {
  const cases = run.cases.toSorted().flatMap((id, index) => {
    // A matrix too wide for names numbers its columns.
    const rank = caseText === String(index + 1) ? 0 : rankOf(caseText, id, 1)
    return rank === null ? [] : [{ id, rank }]
  })
  if (cases.length === 0) return []
  const kernels = kernelMatches(kernelText, run)
  return kernels.flatMap((kernel) =>
    cases.map(({ id, rank }) => ({ kernel: kernel.id, case: id, attempt: null, rank: Math.max(rank, kernel.rank) })),
  )
}

interface RankedKernel {
  readonly id: string
  readonly rank: number
}

function kernelMatches(text: string, { kernels, labels }: NamedRun): RankedKernel[] {
  const shown = kernelLabels(kernels)
  const range = rangeMatches(text, kernels, shown)
  if (range.length > 0) return range
  return kernels.flatMap((kernel) => {
    const own = labels.flatMap(([label, id]) => (id === kernel.id ? [label] : []))
    const whole = [...namesOf(kernel), shown.get(kernel.id) ?? kernel.id, ...own]
    const parts = [kernel.id, kernel.build, ...namesOf(kernel)].map((name) => rankOf(text, name, leastOf(kernel, name)))
    const ranks = [...(whole.includes(text) ? [0] : []), ...parts.flatMap((rank) => rank ?? [])]
    return ranks.length === 0 ? [] : [{ id: kernel.id, rank: Math.min(...ranks) }]
  })
}

/** What tables and listings call a kernel. */
function namesOf({ id, provider, version, build, flavour }: Kernel): string[] {
  const plain = [
    id,
    id.slice(provider.length + 1),
    version,
    build,
    `${version} ${flavour}`,
    `${build} ${flavour}`,
    `${version} ${flavour} ${build}`,
  ]
  // The control matrix names its rows by the fix alone.
  return provider === 'tree' ? [...plain, flavour] : plain
}

/** Letters that an abbreviation of a kernel's name must have: the whole version, for 6.1.17 is not short for 6.1.170. */
function leastOf({ version }: Kernel, name: string): number {
  const at = name.indexOf(version)
  return at < 0 ? MIN_HASH : at + version.length
}

/** Digits of a hash that may stand for it, as git has it. */
const MIN_HASH = 4

/** Kernels of a line that stands for several: `6.1.170 and 6.1.172`, `6.1.170 … 6.1.192 (15)`. */
function rangeMatches(text: string, kernels: readonly Kernel[], shown: ReadonlyMap<string, string>): RankedKernel[] {
  const [, first, last] = /^(.+?) (?:and|…|\.\.\.?) (.+?)(?: \(\d+\))?$/.exec(text) ?? []
  const at = (label: string | undefined) => kernels.findIndex(({ id }) => shown.get(id) === label)
  const [from, to] = [at(first), at(last)]
  return from < 0 || to < from ? [] : kernels.slice(from, to + 1).map(({ id }) => ({ id, rank: 0 }))
}

/** Of an evidence id, its beginning, or the path of its folder or of a file in it. */
function attemptMatches(text: string, { attempts, kernels }: NamedRun): NameMatch[] {
  const names = text.replace(/\/(?:(?:console|output)\.log(?:\.zst)?|evidence\.json|SHA256SUMS)?$/, '')
  const name = names.slice(names.lastIndexOf('/') + 1)
  const versions = new Map(kernels.map((kernel) => [kernel.id, kernel]))
  const found = attempts.flatMap((attempt) => {
    const kernel = versions.get(attempt.kernel)
    const rank = kernel ? rankOf(name, attempt.id, leastOf(kernel, attempt.id)) : null
    return rank === null ? [] : [{ kernel: attempt.kernel, case: attempt.case, attempt: attempt.id, rank }]
  })
  // An abbreviation that fits several attempts of one result means the result.
  const byCell = Map.groupBy(found, (one) => `${one.kernel}/${one.case}`)
  return [...byCell.values()].flatMap((own) => {
    const best = Math.min(...own.map(({ rank }) => rank))
    const [first, ...others] = own.filter(({ rank }) => rank === best)
    return first ? [{ ...first, attempt: others.length > 0 ? null : first.attempt }] : []
  })
}

/**
 * How well a text names something: 0 wholly, 1 by a beginning that ends where a word does, 2 by any beginning; null: not at all.
 * A beginning has `least` letters or more, and does not cut a number: 6.1.192-1 is not short for 6.1.192-10.
 */
function rankOf(text: string, name: string, least: number): number | null {
  if (text === name) return 0
  if (text.length < least || !name.startsWith(text)) return null
  const next = name.charAt(text.length)
  if (!/[0-9a-z]/i.test(next) || !/[0-9a-z]/i.test(text.slice(-1))) return 1
  const [word = ''] = /[0-9a-z]*$/i.exec(text) ?? []
  const cut = /^[0-9a-z]+/i.exec(name.slice(text.length - word.length))?.[0] ?? ''
  const isHash = /^[0-9a-f]{12,}$/.test(cut) && word.length >= MIN_HASH
  return /\d$/.test(text) && /\d/.test(next) && !isHash ? null : 2
}
