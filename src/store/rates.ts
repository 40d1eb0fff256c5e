/** The rates that controls showed, the last one of each kind. */
import type { ControlRate } from '#domain/control.ts'
import { rateSchema } from '#schema/control.ts'
import { readJson } from '#schema/read.ts'
import { textIn, type Database } from './database.ts'

/** What makes two rates the same one, measured twice. It begins with what they are listed by. */
function keyOf({ case: theCase, series, program, codePath, profile, conditions }: ControlRate): string {
  const { host, qemu, load } = conditions
  return JSON.stringify([theCase, series, codePath, profile, load, program, host, qemu])
}

/** Keep rates, each in place of the one that was measured of the same. */
export function recordRates(database: Database, rates: readonly ControlRate[]): void {
  database.transaction(() => {
    for (const rate of rates) {
      const sql = 'INSERT INTO rates (key, rate) VALUES (?, ?) ON CONFLICT DO UPDATE SET rate = excluded.rate'
      database.run(sql, keyOf(rate), JSON.stringify(rate))
    }
  })
}

/** All that are kept. A damaged one is left out: without it, its control is measured again. */
export function listRates(database: Database): ControlRate[] {
  return database
    .all('SELECT rate FROM rates ORDER BY key')
    .map((row) => readJson(rateSchema, textIn(row, 'rate')))
    .filter((one) => one !== null)
}
