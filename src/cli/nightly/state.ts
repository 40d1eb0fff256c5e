/** What a nightly run keeps from one night to the next, in files that are old or new and never half. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, replaceFile, whenUnreadable, writeAt } from '#harness/support/workspace.ts'
import type { Night } from '#domain/report/night.ts'
import { nightSchema, nightStateSchema, type NightState } from '#schema/nightly/night.ts'
import { readJson } from '#schema/read.ts'

const HINT = 'free some space, or set KWITNESS_STATE to a folder that can be written'

/** Where a nightly run of this name keeps its files. */
export function placesOf(state: string, name: string) {
  const folder = join(state, 'nightly', name)
  return {
    folder,
    lock: join(folder, 'lock'),
    state: join(folder, 'state.json'),
    nights: join(folder, 'nights'),
    outbox: join(folder, 'outbox'),
    confirmations: join(folder, 'confirmations'),
    out: join(folder, 'out'),
  } as const
}

export type Places = ReturnType<typeof placesOf>

/** The night under way, or the last one; null before the first, and where the file is damaged. */
export async function readState(places: Places): Promise<NightState | null> {
  return readJson(nightStateSchema, await readFile(places.state, 'utf8').catch(whenUnreadable('')))
}

/** Write the state in place of the older one. */
export async function writeState(places: Places, state: NightState): Promise<void> {
  await writeAt(places.state, HINT, () => replaceFile(places.state, `${JSON.stringify(state, null, 2)}\n`))
}

/** Nights that are remembered, for the history of pages: a year and a month. */
const MAX_NIGHTS = 400

/** Keep a night in short. Writing it again gives the same. */
export async function writeNight(places: Places, night: Night): Promise<void> {
  await makeFolder(places.nights)
  await writeAt(places.nights, HINT, () => replaceFile(join(places.nights, `${night.key}.json`), JSON.stringify(night)))
  const names = await nightFiles(places)
  for (const name of names.slice(0, Math.max(0, names.length - MAX_NIGHTS))) await rm(join(places.nights, name), { force: true })
}

/** The last nights, the oldest first, at most `count`. Damaged ones are left out. */
export async function readNights(places: Places, count: number): Promise<Night[]> {
  const names = (await nightFiles(places)).slice(-count)
  const nights = await Promise.all(
    names.map(async (name) => readJson(nightSchema, await readFile(join(places.nights, name), 'utf8'))),
  )
  return nights.filter((night) => night !== null)
}

/** Keys begin with the day and the number of a run: `2026-11-02-10` comes after `2026-11-02-9`. */
async function nightFiles({ nights }: Places): Promise<string[]> {
  const names = (await readdir(nights).catch(whenUnreadable<string[]>([]))).filter((name) => name.endsWith('.json'))
  return names.toSorted(new Intl.Collator('en', { numeric: true }).compare)
}
