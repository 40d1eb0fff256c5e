/** The list of checks, cheapest to read first. */
import type { Check, Complaint } from './check.ts'
import { checkLayers } from './layers.ts'
import { checkCStyle, checkLinks, checkOpenings, checkSizes } from './texts.ts'
import { checkC, checkRules, checkShell, checkTypes } from './tools.ts'
import { checkWords } from './words.ts'

export const CHECKS: readonly Check[] = [
  { name: 'layers', holds: 'imports are those that lint/layers.json allows, pure folders are pure', run: checkLayers },
  { name: 'types', holds: 'the TypeScript compiler has no complaint', run: checkTypes },
  { name: 'rules', holds: 'oxlint has no complaint', run: checkRules },
  { name: 'sizes', holds: 'no file and no line is too long', run: checkSizes },
  { name: 'openings', holds: 'every file says what it is', run: checkOpenings },
  { name: 'words', holds: 'nothing names this machine or its mirrors', run: checkWords },
  { name: 'links', holds: 'pages link to files that are there', run: checkLinks },
  { name: 'c', holds: 'C compiles without a warning', run: checkC },
  { name: 'c-style', holds: 'C carries its licence and is indented with tabs', run: checkCStyle },
  { name: 'shell', holds: 'the shell reads the launcher and .ci/run', run: checkShell },
]

export interface CheckResult {
  readonly check: Check
  readonly complaints: readonly Complaint[]
}

/** Run the checks one after the other; each result is given as soon as it is there. A check that cannot run complains itself. */
export async function* runChecks(root: string, checks: readonly Check[] = CHECKS): AsyncGenerator<CheckResult> {
  for (const check of checks) {
    const cannotRun = (error: Error) => [{ file: '', line: null, message: `cannot run: ${error.message}` }]
    yield { check, complaints: await check.run(root).catch(cannotRun) }
  }
}

/** A result as lines for a reader. */
export function formatResult({ check, complaints }: CheckResult): string {
  if (complaints.length === 0) return `ok    lint ${check.name.padEnd(9)} ${check.holds}`
  const places = complaints.map(({ file, line }) => (line === null ? file : `${file}:${line}`))
  const lines = complaints.map(({ message }, index) => `        ${places[index]} ${message}`)
  return [`FAIL  lint ${check.name}`, ...lines].join('\n')
}
