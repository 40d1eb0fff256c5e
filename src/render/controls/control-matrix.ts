/** The control matrix on a terminal (or, without colour, as a text file), and as JSON. */
import type {
  ControlMatrix,
  ControlMatrixCell,
  ControlMatrixSeries,
  ControlMatrixRow,
  MatrixCheck,
} from '#analysis/controls/control-matrix.ts'
import type { ControlRate } from '#domain/control.ts'
import { aligned } from '../terminal/columns.ts'
import { countOf, many } from '#domain/numbers.ts'
import { rateOf } from '../text/numbers.ts'
import { type TerminalStyle, type StyleName, type TerminalOptions, terminalStyle } from '../terminal/style.ts'
import { oneLine } from '../text/format.ts'

/** Width of a sign with its brackets: ` [✘]`. */
const CELL = 4
const GAP = '  '

interface Look {
  readonly before: string
  readonly after: string
  readonly styleName: StyleName
}

const LOOKS: Readonly<Record<Exclude<MatrixCheck, 'base' | 'unchanged'>, Look>> = {
  'own-holds': { before: '[', after: ']', styleName: 'bold' },
  'own-fails': { before: '!', after: '!', styleName: 'alarm' },
  changed: { before: '!', after: '!', styleName: 'alarm' },
  blinded: { before: '(', after: ')', styleName: 'faint' },
  'no-answer': { before: ' ', after: ' ', styleName: 'no-result' },
}

/** Render a control matrix, with the rates that the store got from it. */
export function renderControlMatrix(matrix: ControlMatrix, rates: readonly ControlRate[], options: TerminalOptions): string {
  const style = terminalStyle(options)
  const same = options.ascii ? '.' : '·'
  const controls = matrix.series.reduce((sum, { rows }) => sum + rows.length - 1, 0)
  const size = `${many(controls, 'control')}, ${matrix.series.length} series, ${many(matrix.cases.length, 'case')}`
  const sections = [
    [style.paint('bold', `kwitness controls ${oneLine(matrix.run)}: ${size}`)],
    ...grids(matrix, same, style),
    matrix.cases.map((id, index) => `${String(index + 1).padStart(4)}  ${id}`),
    [legend(same, style)],
    races(matrix.series, style),
    ...conclusion(matrix, style),
    storedRates(rates),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** The control matrix and the rates as JSON. */
export function renderControlMatrixJson(matrix: ControlMatrix, rates: readonly ControlRate[]): string {
  return `${JSON.stringify({ ...matrix, rates }, null, 2)}\n`
}

const nameOf = ({ control }: ControlMatrixRow) => control?.fix ?? 'base'

/** Signs below numbers, in as many blocks of columns as the width needs. */
function grids({ series, cases }: ControlMatrix, same: string, style: TerminalStyle): string[][] {
  const names = series.flatMap(({ rows }) => rows.map(nameOf))
  const labelWidth = GAP.length + Math.max(0, ...names.map((name) => name.length)) + 1
  const perBlock = Math.max(1, Math.floor((style.width - labelWidth) / CELL))
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
      style.paint('faint', `${' '.repeat(labelWidth)}${numbers.join('')}`.trimEnd()),
      ...series.flatMap(({ name, version, rows }) => [
        `${style.paint('bold', name)} ${style.paint('faint', `(${version})`)}`,
        ...rows.map((row) => {
          const signs = row.cells.slice(from, to).map((cell) => signOf(cell, same, style))
          return `${`${GAP}${nameOf(row)}`.padEnd(labelWidth)}${signs.join('')}`.trimEnd()
        }),
      ]),
    ]
  })
}

function signOf({ verdict, check }: ControlMatrixCell, same: string, style: TerminalStyle): string {
  if (check === 'unchanged') return `  ${style.paint('faint', same)} `
  const sign = style.sign(verdict ?? 'no-result')
  if (check === 'base') return `  ${style.paint(verdict ?? 'no-result', sign)} `
  const { before, after, styleName } = LOOKS[check]
  return ` ${style.paint(styleName, `${before}${sign}${after}`)}`
}

function legend(same: string, style: TerminalStyle): string {
  const own = `[${style.sign('lacks')}] own case, as required`
  const blinded = `(${style.sign('not-applicable')}) blinded, as expected`
  return style.paint('faint', [own, `${same} as on the base`, blinded, '! not as required'].join('   '))
}

/** Every cell of a race with its numbers, the control's own case and other cases. */
function races(all: readonly ControlMatrixSeries[], style: TerminalStyle): string[] {
  const cells = all.flatMap(({ name, rows }) => rows.flatMap((row) => row.cells.map((cell) => ({ series: name, row, cell }))))
  const table = cells.flatMap(({ series, row, cell: { oracle, trials, interval, check, case: theCase } }) => {
    if (oracle !== 'statistical' || !trials) return []
    const counts = `${countOf(trials.hits)} of ${countOf(trials.trials)}`
    const own = check.startsWith('own') ? 'own case' : ''
    return [[series, nameOf(row), theCase, counts, interval ? rateOf(interval) : '', own]]
  })
  if (table.length === 0) return []
  return [style.paint('bold', 'Statistical cases: hits of trials, and the rate (95 % confidence)'), ...aligned(table)]
}

function conclusion({ holds, failures }: ControlMatrix, style: TerminalStyle): string[][] {
  if (holds)
    return [
      [style.paint('carries', 'The control matrix holds: each control kernel has the required verdict and changes no other.')],
    ]
  const wrong = failures.filter(({ blame }) => blame === 'control').length
  const lost = failures.length - wrong
  const counts = [
    ...(wrong > 0 ? [`${many(wrong, 'result')} not as required`] : []),
    ...(lost > 0 ? [`${many(lost, 'result')} without an answer`] : []),
  ]
  return [
    [style.paint('alarm', `The control matrix does not hold: ${counts.join(', ')}.`)],
    failures.flatMap(({ text }) => wrapped(oneLine(text), style.width)),
  ]
}

function storedRates(rates: readonly ControlRate[]): string[] {
  return rates.map(({ case: theCase, series, profile, codePath, conditions }) => {
    const by = codePath === null ? '' : ` by ${oneLine(codePath)}`
    return `Rate stored: ${theCase} on ${series}${by}, ${profile}, ${conditions.load} host`
  })
}

/** A sentence wrapped at blanks, with later lines indented; a word wider than the width stays whole. */
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
