/** The list of checks, cheapest to read first. */
import type { Check, Diagnostic } from './check.ts'
import { checkChildren } from './children.ts'
import { checkLayers } from './layers.ts'
import { checkRetired } from './retired.ts'
import { checkRooms } from './rooms.ts'
import { checkCStyle, checkFolders, checkLinks, checkOpenings, checkPlaceholders, checkSizes } from './texts.ts'
import { checkC, checkFormat, checkRules, checkShell, checkTypes, checkUnused } from './tools.ts'
import { checkWords } from './words.ts'

export const CHECKS: readonly Check[] = [
  { name: 'layers', holds: 'imports are those that lint/layers.json allows, pure folders are pure', run: checkLayers },
  { name: 'children', holds: 'git, tar and shells get their environment from harness/support/git.ts', run: checkChildren },
  { name: 'rooms', holds: 'folders of code are small, nothing imports in a circle', run: checkRooms },
  { name: 'types', holds: 'the TypeScript compiler reports nothing', run: checkTypes },
  { name: 'rules', holds: 'oxlint reports nothing', run: checkRules },
  { name: 'format', holds: 'oxfmt would change nothing', run: checkFormat },
  { name: 'unused', holds: 'knip finds no unused file, export or package', run: checkUnused },
  { name: 'sizes', holds: 'no file and no line is too long', run: checkSizes },
  { name: 'openings', holds: 'every file says what it is', run: checkOpenings },
  { name: 'words', holds: 'nothing names this machine or its mirrors', run: checkWords },
  { name: 'retired', holds: 'words that were replaced do not come back', run: checkRetired },
  { name: 'links', holds: 'pages link to files that are there', run: checkLinks },
  { name: 'placeholders', holds: 'no case holds a placeholder of the template', run: checkPlaceholders },
  { name: 'folders', holds: 'no folder is made by a recursive mkdir', run: checkFolders },
  { name: 'c', holds: 'C compiles without a warning', run: checkC },
  { name: 'c-style', holds: 'C carries its licence and is indented with tabs', run: checkCStyle },
  { name: 'shell', holds: 'the shell reads the launcher and .ci/run', run: checkShell },
]

export interface CheckResult {
  readonly check: Check
  readonly diagnostics: readonly Diagnostic[]
}

/** Run the checks side by side and give their results in order. A check that cannot run gives a diagnostic, too. */
export async function* runChecks(root: string, checks: readonly Check[] = CHECKS): AsyncGenerator<CheckResult> {
  const cannotRun = (error: Error) => [{ file: '', line: null, message: `cannot run: ${error.message}` }]
  const started = checks.map((check) => ({ check, diagnostics: check.run(root).catch(cannotRun) }))
  for (const { check, diagnostics } of started) yield { check, diagnostics: await diagnostics }
}

/** A result as lines for a reader. */
export function formatResult({ check, diagnostics }: CheckResult): string {
  if (diagnostics.length === 0) return `ok    lint ${check.name.padEnd(9)} ${check.holds}`
  const places = diagnostics.map(({ file, line }) => (line === null ? file : `${file}:${line}`))
  const lines = diagnostics.map(({ message }, index) => `        ${places[index]} ${message}`)
  return [`FAIL  lint ${check.name}`, ...lines].join('\n')
}
