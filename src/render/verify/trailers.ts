/** A verification for mail: `Tested-by:` lines to paste below a patch, and the checks for b4 review. */
import type { BaseResult, Status, Verification } from '#analysis/verify/report.ts'
import { chanceOf, many } from '#domain/numbers.ts'
import { cellRows, kernelLines, triedLines, untestableLines } from './phrases.ts'
import { oneLine } from '../text/format.ts'

/** The signer: `Jane Doe <jane@example.org>`. */
export type Tester = string

/**
 * A line for each base on which the patch fixes its case and breaks nothing: kernel, arch, runs, the miss probability of races.
 * Without such a base, a line that says so.
 */
export function testedBy(verification: Verification, tester: Tester): string[] {
  const lines = verification.bases.flatMap((base) => (base.status === 'fixes' ? [lineOf(base, tester)] : []))
  return lines.length > 0 ? lines : ['No Tested-by line: on no base does it fix its case and break nothing.']
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

/** One check in the format of b4's review command. */
interface Check {
  readonly tool: string
  readonly status: 'pass' | 'warn' | 'fail'
  readonly summary: string
  readonly url: string
  readonly details: string
}

const PASSES: readonly Status[] = ['fixes', 'unchanged']
const WARNS: readonly Status[] = ['already-applied', 'no-answer', 'inconclusive', 'nothing-to-fix', 'new-warnings']

/** A list with a check for each base. `url` is the address of the report; empty without one. */
export function renderVerifyB4({ bases }: Verification, url: string): string {
  const checks = bases.map((base): Check => {
    const { status, label, summary, whole } = base
    const details = [
      ...triedLines(base),
      ...kernelLines(base),
      ...untestableLines(base),
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
