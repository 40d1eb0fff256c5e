/** The sweep on a terminal, soonest first, and as JSON. */
import { rankSweep, type SweepRow } from '#analysis/controls/sweep.ts'
import { aligned } from '../terminal/columns.ts'
import { countOf } from '#domain/numbers.ts'
import { rateOf } from '../text/numbers.ts'
import { type TerminalOptions, terminalStyle } from '../terminal/style.ts'
import { oneLine } from '../text/format.ts'

/** `median` and `s/hit` are guest seconds to a first hit: of half of the attempts, and on average. */
const HEADINGS = ['', 'hit', 'median', 'hits/trials', 'rate (95 % confidence)', 'trials/s', 's/hit']

/** Render a sweep: a table for each control, and how the default stands in it. */
export function renderSweep(run: string, rows: readonly SweepRow[], options: TerminalOptions): string {
  const style = terminalStyle(options)
  const byControl = Map.groupBy(rows, ({ case: name, series, fix }) => `${name} on ${series} without ${fix}`)
  const tables = [...byControl].map(([title, own]) => {
    const ranked = rankSweep(own)
    const [headings = '', ...lines] = aligned([HEADINGS, ...ranked.map(wordsOf)])
    return [style.paint('bold', title), style.paint('faint', headings), ...lines, '', `* the default. ${standing(ranked)}`].join(
      '\n',
    )
  })
  return `${[style.paint('bold', `kwitness controls --sweep ${oneLine(run)}`), ...tables].join('\n\n')}\n`
}

/** The rows of a sweep as JSON, soonest first. */
export function renderSweepJson(run: string, rows: readonly SweepRow[]): string {
  return `${JSON.stringify({ schema: 'kwitness.sweep/1', run, rows: rankSweep(rows) }, null, 2)}\n`
}

/** `2cpu 512m spread 1`. */
function nameOf({ cpus, memoryMiB, spread }: SweepRow): string {
  return `${cpus}cpu ${memoryMiB}m spread ${spread}`
}

function wordsOf(row: SweepRow): string[] {
  const { attempts, hit, medianSeconds, trials, interval, trialsPerSecond, secondsPerHit, isDefault } = row
  const seconds = (value: number | null) => value?.toFixed(2) ?? 'none'
  return [
    `${isDefault ? '*' : ' '} ${nameOf(row)}`,
    `${hit}/${attempts}`,
    medianSeconds === null && hit > 0 ? 'later' : seconds(medianSeconds),
    `${countOf(trials.hits)} of ${countOf(trials.trials)}`,
    rateOf(interval),
    trialsPerSecond.toFixed(0),
    seconds(secondsPerHit),
  ]
}

/** The default compared with the best. */
function standing(ranked: readonly SweepRow[]): string {
  const [best] = ranked
  const own = ranked.find(({ isDefault }) => isDefault)
  if (!best || !own || best.secondsPerHit === null) return 'No profile had a hit.'
  if (best === own) return 'No profile hits sooner.'
  if (own.secondsPerHit === null) return `It had no hit; ${nameOf(best)} had one.`
  const times = (own.secondsPerHit / best.secondsPerHit).toFixed(1)
  return `${nameOf(best)} hits ${times} times as soon (${best.hit} hits against ${own.hit}).`
}
