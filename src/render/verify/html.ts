/** A verification as one HTML file without scripts or other files; the template escapes every text. */
import type { BaseResult, Status, Verification } from '#analysis/verify/report.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { HtmlAssets } from '../html/assets.ts'
import { fillPage } from '../html/fill.ts'
import { testedBy, type Tester } from './trailers.ts'
import { cellRows, hostLine, kernelLines, partLines, STATUS_TITLES, titleOf, triedLines, untestableLines } from './phrases.ts'
import { VERDICT_LABELS } from '../text/labels.ts'

/** The files in reports/templates that make up the page. */
export const VERIFY_ASSETS: Readonly<Record<keyof HtmlAssets, readonly string[]>> = {
  template: ['head.hbs', 'verify.hbs'],
  css: ['report.css', 'static.css'],
  js: [],
}

/** Render a verification as one page. */
export function renderVerifyHtml(verification: Verification, tester: Tester, assets: HtmlAssets): string {
  return fillPage(assets, {
    title: titleOf(verification),
    tone: toneOf(verification.status),
    summary: verification.summary,
    run: verification.run,
    host: hostLine(verification),
    bases: verification.bases.map(baseOf),
    testedBy: testedBy(verification, tester).join('\n'),
  })
}

function baseOf(base: BaseResult) {
  const { whole, label, version, status, summary, trouble } = base
  const lines = [
    ...triedLines(base),
    ...(trouble === null ? [] : [`the base: ${trouble}`]),
    ...kernelLines(base),
    ...partLines(base),
    ...untestableLines(base),
  ]
  return {
    label,
    version,
    summary,
    answer: STATUS_TITLES[status],
    tone: toneOf(status),
    // An indented line belongs to the line before it.
    lines: lines.map((line) => ({ text: line.trim(), more: line.startsWith('  ') })),
    cells: (whole ? cellRows(whole) : []).map(([name = '', before = '', after = '', change = '', note = '']) => ({
      name,
      verdicts: [before, after].map(verdictOf),
      change,
      note,
    })),
  }
}

const GOOD: readonly Status[] = ['fixes', 'unchanged']
const UNSURE: readonly Status[] = ['already-applied', 'inconclusive', 'nothing-to-fix']

function toneOf(status: Status): string {
  if (GOOD.includes(status)) return 'good'
  if (UNSURE.includes(status)) return 'unsure'
  return status === 'no-answer' ? 'neutral' : 'bad'
}

const TONES: Readonly<Partial<Record<Verdict, string>>> = { carries: 'good', lacks: 'bad', inconclusive: 'unsure' }

/** A verdict with its sign and colour; any other word as it is. */
function verdictOf(word: string) {
  const verdict = Object.keys(VERDICT_LABELS).find((one) => one === word) as Verdict | undefined
  if (verdict === undefined) return { word, glyph: '', tone: 'neutral' }
  return { word, glyph: VERDICT_LABELS[verdict].glyph, tone: TONES[verdict] ?? 'neutral' }
}
