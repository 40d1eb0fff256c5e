/** A verification for mail: `Tested-by:` lines to paste below a patch, and the answer to the review checks of b4. */
import type { BaseResult, Status, Verification } from '#analysis/verify/report.ts'
import { chanceOf, many } from '../text/numbers.ts'
import { cellRows, kernelLines, triedLines } from './phrases.ts'
import { oneLine } from '../text/format.ts'

/** Who signs for it: `Jane Doe <jane@example.org>`. */
export type Tester = string

/**
 * A line for each base on which the patch fixes and breaks nothing: kernel, arch, runs, the chance of a miss where there is
 * one. Where there is none, a line that says why there is nothing to sign.
 */
export function testedBy(verification: Verification, tester: Tester): string[] {
  const lines = verification.bases.flatMap((base) => (base.status === 'fixes' ? [lineOf(base, tester)] : []))
  return lines.length > 0 ? lines : ['Nothing to sign: on no base was it seen to fix and to break nothing.']
}

function lineOf({ version, arch, whole }: BaseResult, tester: Tester): string {
  const cells = whole?.cells ?? []
  const fixed = cells.filter(({ change }) => change === 'fixed')
  const runs = cells.reduce((sum, cell) => sum + cell.runs, 0)
  const misses = fixed.flatMap(({ missProbability }) => missProbability ?? [])
  const facts = [
    version,
    `qemu-${arch}`,
    many(runs, 'run'),
    ...fixed.map((cell) => `${cell.case}: lacks -> carries`),
    ...(misses.length === 0 ? [] : [`miss probability ${chanceOf(Math.max(...misses))}`]),
  ]
  return `Tested-by: ${oneLine(tester)} # ${facts.join(', ')}`
}

/** One answer to b4, in the form its review command reads. */
interface Check {
  readonly tool: string
  readonly status: 'pass' | 'warn' | 'fail'
  readonly summary: string
  readonly url: string
  readonly details: string
}

const PASSES: readonly Status[] = ['fixes', 'unchanged']
const WARNS: readonly Status[] = ['already-applied', 'no-answer', 'inconclusive', 'nothing-to-fix', 'new-warnings']

/** A list with a check for each base. `url` is where the report can be read; empty when nowhere. */
export function renderVerifyB4({ bases }: Verification, url: string): string {
  const checks = bases.map((base): Check => {
    const { status, label, summary, whole } = base
    const details = [
      ...triedLines(base),
      ...kernelLines(base),
      ...(whole ? cellRows(whole) : []).map(([name, ...rest]) => `${name}: ${rest.filter((word) => word !== '').join(', ')}`),
    ]
    return {
      tool: 'kwitness',
      status: PASSES.includes(status) ? 'pass' : WARNS.includes(status) ? 'warn' : 'fail',
      summary: oneLine(`${label}: ${summary}`),
      url,
      details: details.join('\n'),
    }
  })
  return `${JSON.stringify(checks, null, 2)}\n`
}
