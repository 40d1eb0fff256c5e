/** Signs, lines and colours of a terminal, the same in every section. */
import type { Verdict } from '#domain/judgement.ts'
import { VERDICT_LABELS } from '../text/labels.ts'

export interface TerminalOptions {
  /** Columns; below 40, lines wrap. */
  readonly width: number
  readonly colour: boolean
  /** Plain letters and signs instead of `✔ ✘ – ∅ …`. */
  readonly ascii: boolean
}

/** Signs, colours and the width for all sections. */
export interface TerminalStyle {
  readonly width: number
  readonly sign: (verdict: Verdict) => string
  readonly paint: (style: StyleName, text: string) => string
  readonly line: string
  readonly dots: string
  readonly arrow: string
  readonly times: string
}

export type StyleName = Verdict | 'bold' | 'faint' | 'alarm'

const COLOURS: Readonly<Record<StyleName, string>> = {
  carries: '32',
  lacks: '31',
  inconclusive: '33',
  'not-applicable': '2',
  error: '35',
  'no-result': '35',
  bold: '1',
  faint: '2',
  alarm: '1;31',
}

/** The style for the abilities of a terminal. */
export function terminalStyle({ width, colour, ascii }: TerminalOptions): TerminalStyle {
  return {
    width: Math.max(width, 40),
    sign: (verdict) => (ascii ? VERDICT_LABELS[verdict].ascii : VERDICT_LABELS[verdict].glyph),
    paint: (style, text) => (colour ? `\u001b[${COLOURS[style]}m${text}\u001b[0m` : text),
    line: ascii ? '=' : '╌',
    dots: ascii ? '..' : '…',
    arrow: ascii ? '->' : '→',
    times: ascii ? 'x' : '×',
  }
}
