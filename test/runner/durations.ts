/** How long each test file took here the last time: started longest first, the files end together. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findWorkspace } from '#harness/support/workspace.ts'

/** Milliseconds by the name of the file. */
export type Durations = Readonly<Record<string, number>>

const place = (): string => join(findWorkspace().cache, 'test-durations.json')

/** Those of earlier runs; none where there was no run yet, or the file is damaged. */
export function readDurations(): Durations {
  try {
    return JSON.parse(readFileSync(place(), 'utf8')) as Durations
  } catch {
    return {}
  }
}

/** Keep those of this run for the next one. Without room for them the next run has its files in another order, no more. */
export function writeDurations(durations: Durations): void {
  try {
    mkdirSync(dirname(place()), { recursive: true })
    writeFileSync(place(), JSON.stringify({ ...readDurations(), ...durations }))
  } catch {
    // See above.
  }
}

/** The names in the order to start them; one that never ran comes first. */
export function longestFirst(names: readonly string[], durations: Durations): string[] {
  const timeOf = (name: string): number => durations[name] ?? Number.POSITIVE_INFINITY
  return names.toSorted((a, b) => (timeOf(a) === timeOf(b) ? a.localeCompare(b) : timeOf(b) - timeOf(a)))
}
