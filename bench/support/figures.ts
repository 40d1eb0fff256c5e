/** Figures as benchmarks print them: medians, a plain table, how busy the machine was. */
import { availableParallelism, loadavg } from 'node:os'

export interface Row {
  readonly what: string
  /** Seconds, one per round. */
  readonly seconds: readonly number[]
  /** Seconds that nothing of ours can go below, measured in the same run. */
  readonly floor: number
  /** Seconds the budget allows, where there is one. */
  readonly budget?: number
  /** The same on this host, as a ratio to the floor, where it is meant so. */
  readonly budgetHere?: number
}

/** The middle of some figures, the upper one of two; 0 of none. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? 0
}

const cell = (seconds: number | undefined): string => (seconds === undefined ? '' : seconds.toFixed(3)).padStart(8)

/** The table, with medians and best rounds in seconds. */
export function formatTable(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length))
  const names = ['median', 'best', 'floor', 'budget', 'here'].map((word) => word.padStart(8))
  const head = `${'seconds'.padEnd(width)} ${names.join('')}   n`
  const lines = rows.map(({ what, seconds, floor, budget, budgetHere }) => {
    const figures = [median(seconds), Math.min(...seconds), floor, budget, budgetHere].map(cell).join('')
    return `${what.padEnd(width)} ${figures} ${String(seconds.length).padStart(3)}`
  })
  return [head, ...lines].join('\n')
}

/** One line on how busy the machine is: guests under TCG are slower on one that others use. */
export function machineLine(): string {
  const cores = availableParallelism()
  const busy = loadavg()[0] ?? 0
  const warning = busy > cores / 2 ? ': others are at work, so figures are higher than they need be' : ''
  return `${cores} cores, load ${busy.toFixed(1)}${warning}`
}
