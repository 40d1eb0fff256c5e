/** Names, ranges and sizes for all renderers, and texts without control characters. */
import type { Control } from '#domain/control.ts'
import { countOf, many } from '#domain/numbers.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { BoundaryEntry, Report } from '#domain/report/matrix.ts'

/**
 * The shortest unique name of each kernel in the report: its version if that is enough, else build, build and flavour, or the
 * whole id. A machine that runs goes by its own name. The name of a kernel built from source always says what was built,
 * because it may not be a shipped one.
 */
export function kernelLabels(kernels: readonly Kernel[]): ReadonlyMap<string, string> {
  const built = kernels.filter(({ provider }) => provider === 'tree')
  const running = kernels.filter(({ provider }) => provider === 'host')
  const shipped = kernels.filter(({ provider }) => provider !== 'tree' && provider !== 'host')
  const made = ({ version, flavour }: Kernel) => `${version} ${flavour}`
  const labels = new Map([
    ...shortest(shipped, [({ version }) => version, ({ build }) => build, ({ build, flavour }) => `${build} ${flavour}`]),
    ...shortest(running, [({ host = '' }) => host, ({ host = '', version }) => `${host} ${version}`]),
    ...shortest(built, [made, (kernel) => `${made(kernel)} ${kernel.build}`]),
  ])
  return new Set(labels.values()).size === labels.size ? labels : new Map(kernels.map(({ id }) => [id, id]))
}

/** The first naming that gives unique names, else the ids. */
function shortest(kernels: readonly Kernel[], ways: readonly ((kernel: Kernel) => string)[]): [id: string, label: string][] {
  const label = ways.find((name) => new Set(kernels.map(name)).size === kernels.length) ?? (({ id }: Kernel) => id)
  return kernels.map((kernel) => [kernel.id, label(kernel)])
}

/** The common traits of the kernels, for a caption: `debian cloud-amd64 x86_64`. Controls count only if there are no others. */
export function commonTraits({ kernels, controls }: Pick<Report, 'kernels' | 'controls'>): string {
  const others = kernels.filter(({ id }) => !controls.some((control) => control.kernel === id))
  const counted = others.length > 0 ? others : kernels
  const traits: readonly (keyof Kernel)[] = ['provider', 'flavour', 'arch']
  return traits
    .filter((trait) => new Set(counted.map((kernel) => kernel[trait])).size === 1)
    .map((trait) => counted[0]?.[trait] ?? '')
    .join(' ')
}

/** The known answer of a control: `known bad for gup-fast-vs-fork: 57efa1fe5957 taken out of ...`. */
export function knownOf(control: Control): string {
  return `known ${control.kind} for ${control.case}: ${control.summary}`
}

/** `14 kernels × 8 fixes, 112 results`; an unfinished run is marked as such. */
export function sizeOf({ kernels, cases, cells, run }: Report): string {
  const fixes = `${countOf(cases.length)} ${cases.length === 1 ? 'fix' : 'fixes'}`
  const size = `${many(kernels.length, 'kernel')} × ${fixes}, ${many(cells.length, 'result')}`
  return run.complete ? size : `${size}, not complete yet`
}

/** Labels in version order as a range: `6.1.170`, `6.1.170 and 6.1.172`, `6.1.170 … 6.1.192 (15)`. */
export function rangeOf(labels: readonly string[], dots = '…'): string {
  if (labels.length <= 2) return labels.join(' and ')
  return `${labels[0]} ${dots} ${labels.at(-1)} (${labels.length})`
}

/** A time for display: `2026-11-02 03:04 UTC`. */
export function momentOf(iso: string): string {
  return iso.replace(/^(\S+)T(\d\d:\d\d).*Z$/, '$1 $2 UTC')
}

/** Text on one line, safe for a terminal and a line protocol: control characters and line breaks become spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\uFFF9-\uFFFB]+/gu, ' ').trim()
}

/** For a report without a contradiction: the number of results that agree with the claim sources, and of the others. */
export function calmLine({ cells }: Pick<Report, 'cells'>): string {
  const agreeing = cells.filter(({ finding }) => finding === 'agrees').length
  if (agreeing === 0) return 'No verdict contradicts the claim sources, but kwitness cannot compare any with them.'
  const rest = cells.length - agreeing
  return `No verdict contradicts the claim sources: ${agreeing} agree${rest > 0 ? `, ${rest} cannot be compared` : ''}.`
}

const ABOUT: Readonly<Record<BoundaryEntry['about'], string>> = {
  fix: ' (the fix itself)',
  revert: ' (reverts it)',
  cve: ' (of its CVE)',
  names: '',
}

/** The relation of a changelog entry to the fix; empty if they only share a name. */
export function wordAbout(about: BoundaryEntry['about']): string {
  return ABOUT[about]
}
