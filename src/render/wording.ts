/** Names, ranges and sizes as every renderer words them, and text made harmless for one line. */
import type { Kernel } from '../domain/kernel.ts'
import type { Report } from '../domain/report.ts'

/**
 * The shortest name of each kernel that tells it from all others in the report: its version if that is enough, else build,
 * build and flavour, or the whole id.
 */
export function kernelLabels(kernels: readonly Kernel[]): ReadonlyMap<string, string> {
  const candidates: readonly ((kernel: Kernel) => string)[] = [
    (kernel) => kernel.version,
    (kernel) => kernel.build,
    (kernel) => `${kernel.build} ${kernel.flavour}`
  ]
  const label = candidates.find((name) => new Set(kernels.map(name)).size === kernels.length) ?? ((kernel) => kernel.id)
  return new Map(kernels.map((kernel) => [kernel.id, label(kernel)]))
}

/** What all kernels of a report have in common, for a caption: `debian cloud-amd64 x86_64`. */
export function commonTraits(kernels: readonly Kernel[]): string {
  const traits: readonly (keyof Kernel)[] = ['provider', 'flavour', 'arch']
  return traits
    .filter((trait) => new Set(kernels.map((kernel) => kernel[trait])).size === 1)
    .map((trait) => kernels[0]?.[trait] ?? '')
    .join(' ')
}

/** `14 kernels × 8 fixes, 112 cells`; a run still going says so. */
export function sizeOf(report: Report): string {
  const size = [
    `${report.kernels.length} ${report.kernels.length === 1 ? 'kernel' : 'kernels'} × `,
    `${report.cases.length} ${report.cases.length === 1 ? 'fix' : 'fixes'}, `,
    `${report.cells.length} ${report.cells.length === 1 ? 'cell' : 'cells'}`
  ].join('')
  return report.run.complete ? size : `${size}, not complete yet`
}

/** Labels in version order as a range: `6.1.170`, `6.1.170 and 6.1.172`, `6.1.170 … 6.1.192 (15)`. */
export function rangeOf(labels: readonly string[], dots = '…'): string {
  if (labels.length <= 2) return labels.join(' and ')
  return `${labels[0]} ${dots} ${labels.at(-1)} (${labels.length})`
}

/** Text on one line with nothing a terminal or a line protocol would obey: control characters and line breaks become spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\uFFF9-\uFFFB]+/gu, ' ').trim()
}
