/** Runs that are killed, and gone on with: what is left of them, and whether anything was lost. */
import assert from 'node:assert/strict'
import type { Report } from '#domain/report/matrix.ts'
import { qemus, runCli, verdictsOf, type Place, type Process } from './cli.ts'

/** One line of progress for each attempt that is stored. */
const STORED = /^kwitness: (\S+ \S+): (?:reproduced|not-reproduced|skipped|error|unrelated-crash|no-boot|infra) \(/gm

/** Guests of a kwitness that may be gone: what they run from lies in a scratch folder with its id. */
export const guestsOf = (pid: number): Process[] => qemus(({ argv }) => argv.some((word) => word.includes(`/scratch/${pid}-`)))
export const storedBy = (stderr: string): string[] => [...stderr.matchAll(STORED)].map(([, cell = '']) => cell)

/** Verdicts and the seed of each first attempt: the same in every telling of one run. */
export function matrixOf(report: Report): unknown {
  return { verdicts: verdictsOf(report), seeds: report.cells.map((cell) => cell.attempts.map(({ seed }) => seed)[0]) }
}

/** Each attempt was said to be stored once at most: no attempt was lost and repeated. */
export function assertNoneIsLost(said: readonly string[], report: Report): void {
  const kept = report.cells.flatMap((cell) => cell.attempts.map(() => `${cell.kernel} ${cell.case}`))
  for (const cell of new Set(said)) {
    const count = (list: readonly string[]): number => list.filter((one) => one === cell).length
    assert.ok(count(said) <= count(kept), `${cell} was stored ${count(said)} times, the report has ${count(kept)} attempts`)
  }
}

/** What goes on with the newest run here: its resumption; the run itself where there is none yet; null where it is finished. */
export async function nextWords(there: Place, words: readonly string[]): Promise<readonly string[] | null> {
  const { code, stdout } = await runCli(there, ['runs', '--json'])
  const last = code === 0 ? (JSON.parse(stdout) as { finishedAt: string | null }[]).at(-1) : undefined
  if (!last) return words
  return last.finishedAt === null ? ['run', '--resume', '--json', '--out', there.out] : null
}
