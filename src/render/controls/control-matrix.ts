/** The square on a terminal (or, without colour, as a text file), and as JSON. */
import type {
  ControlMatrix,
  ControlMatrixCell,
  ControlMatrixSeries,
  ControlMatrixRow,
  Standing,
} from '#analysis/controls/control-matrix.ts'
import type { ControlRate } from '#domain/control.ts'
import { aligned } from '../terminal/columns.ts'
import { countOf, many, rateOf } from '../text/numbers.ts'
import { type Pen, type Style, type TerminalOptions, penOf } from '../terminal/style.ts'
import { oneLine } from '../text/format.ts'

/** A sign with what stands on either side of it: ` [✘]`. */
const CELL = 4
const GAP = '  '

interface Look {
  readonly before: string
  readonly after: string
  readonly style: Style
}

const LOOKS: Readonly<Record<Exclude<Standing, 'base' | 'unchanged'>, Look>> = {
  'own-holds': { before: '[', after: ']', style: 'bold' },
  'own-fails': { before: '!', after: '!', style: 'alarm' },
  changed: { before: '!', after: '!', style: 'alarm' },
  blinded: { before: '(', after: ')', style: 'faint' },
  unasked: { before: ' ', after: ' ', style: 'missing' },
}

/** Render a square, with the rates that were kept of it. */
export function renderControlMatrix(square: ControlMatrix, rates: readonly ControlRate[], options: TerminalOptions): string {
  const pen = penOf(options)
  const same = options.ascii ? '.' : '·'
  const controls = square.lines.reduce((sum, { rows }) => sum + rows.length - 1, 0)
  const size = `${many(controls, 'control')} of ${many(square.lines.length, 'line')}, ${many(square.cases.length, 'case')}`
  const sections = [
    [pen.paint('bold', `kwitness controls ${oneLine(square.run)}: ${size}`)],
    ...grids(square, same, pen),
    square.cases.map((id, index) => `${String(index + 1).padStart(4)}  ${id}`),
    [legend(same, pen)],
    races(square.lines, pen),
    ...conclusion(square, pen),
    keptRates(rates),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** The square and the rates as JSON. */
export function renderControlMatrixJson(square: ControlMatrix, rates: readonly ControlRate[]): string {
  return `${JSON.stringify({ ...square, rates }, null, 2)}\n`
}

const nameOf = ({ control }: ControlMatrixRow) => control?.fix ?? 'base'

/** Signs under numbers, in as many blocks of columns as the width asks for. */
function grids({ lines, cases }: ControlMatrix, same: string, pen: Pen): string[][] {
  const names = lines.flatMap(({ rows }) => rows.map(nameOf))
  const labelWidth = GAP.length + Math.max(0, ...names.map((name) => name.length)) + 1
  const perBlock = Math.max(1, Math.floor((pen.width - labelWidth) / CELL))
  return Array.from({ length: Math.ceil(cases.length / perBlock) }, (_, block) => {
    const [from, to] = [block * perBlock, (block + 1) * perBlock]
    const numbers = cases
      .map((_id, index) =>
        String(index + 1)
          .padStart(CELL - 1)
          .padEnd(CELL),
      )
      .slice(from, to)
    return [
      pen.paint('faint', `${' '.repeat(labelWidth)}${numbers.join('')}`.trimEnd()),
      ...lines.flatMap(({ line, version, rows }) => [
        `${pen.paint('bold', line)} ${pen.paint('faint', `(${version})`)}`,
        ...rows.map((row) => {
          const signs = row.cells.slice(from, to).map((cell) => signOf(cell, same, pen))
          return `${`${GAP}${nameOf(row)}`.padEnd(labelWidth)}${signs.join('')}`.trimEnd()
        }),
      ]),
    ]
  })
}

function signOf({ verdict, standing }: ControlMatrixCell, same: string, pen: Pen): string {
  if (standing === 'unchanged') return `  ${pen.paint('faint', same)} `
  const sign = pen.sign(verdict ?? 'missing')
  if (standing === 'base') return `  ${pen.paint(verdict ?? 'missing', sign)} `
  const { before, after, style } = LOOKS[standing]
  return ` ${pen.paint(style, `${before}${sign}${after}`)}`
}

function legend(same: string, pen: Pen): string {
  const own = `[${pen.sign('lacks')}] own case, as it must be`
  const blinded = `(${pen.sign('not-applicable')}) blinded, as foretold`
  return pen.paint('faint', [own, `${same} as on the base`, blinded, '! not as it must be'].join('   '))
}

/** Every cell of a race with its numbers: own cells and neighbours alike. */
function races(lines: readonly ControlMatrixSeries[], pen: Pen): string[] {
  const cells = lines.flatMap(({ line, rows }) => rows.flatMap((row) => row.cells.map((cell) => ({ line, row, cell }))))
  const table = cells.flatMap(({ line, row, cell: { witness, trials, interval, standing, case: theCase } }) => {
    if (witness !== 'race' || !trials) return []
    const counts = `${countOf(trials.hits)} of ${countOf(trials.trials)}`
    const own = standing.startsWith('own') ? 'own case' : ''
    return [[line, nameOf(row), theCase, counts, interval ? rateOf(interval) : '', own]]
  })
  if (table.length === 0) return []
  return [pen.paint('bold', 'Races: hits of trials, and the rate (95 % sure)'), ...aligned(table)]
}

function conclusion({ holds, failures }: ControlMatrix, pen: Pen): string[][] {
  if (holds) return [[pen.paint('carries', 'The square holds: each control shows what it must and changes nothing else.')]]
  const wrong = failures.filter(({ blame }) => blame === 'control').length
  const lost = failures.length - wrong
  const counts = [
    ...(wrong > 0 ? [`${many(wrong, 'cell')} not as it must be`] : []),
    ...(lost > 0 ? [`${many(lost, 'cell')} without an answer`] : []),
  ]
  return [
    [pen.paint('alarm', `The square does not hold: ${counts.join(', ')}.`)],
    failures.flatMap(({ text }) => wrapped(oneLine(text), pen.width)),
  ]
}

function keptRates(rates: readonly ControlRate[]): string[] {
  return rates.map(({ case: theCase, series, profile, trigger, conditions }) => {
    const road = trigger === null ? '' : ` by ${oneLine(trigger)}`
    return `Rate kept: ${theCase} on ${series}${road}, ${profile}, ${conditions.load} host`
  })
}

/** A sentence broken at blanks, its later lines set in; a word wider than the width stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined) lines.push(`${GAP}${word}`)
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(`${GAP}${GAP}${word}`)
  }
  return lines
}
