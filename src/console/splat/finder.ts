/** Find kernel reports line by line: one splat per report, with its extent. */
import type { SplatSeverity } from '#domain/splat.ts'
import { LONGEST_REPORT, PATIENCE, bodyLine, placeIn } from './extent.ts'
import { createSplatList } from './list.ts'
import { BANNER_RULE, CUT_RULE, ignoredBy, isSuspicious, ruleFor, type SplatRule } from './table.ts'
import { normaliseTitle } from './title.ts'

const RANK: Readonly<Record<SplatSeverity, number>> = { fatal: 4, oops: 3, stall: 2, warning: 1, notice: 0 }

/** A report whose end has not been seen. */
interface OpenReport {
  /** Null for one to pass over: a self-test that splats on purpose. */
  rule: SplatRule | null
  severity: SplatSeverity
  title: string
  place: string | null
  readonly firstLine: number
  lastLine: number
  sawTrace: boolean
}

/**
 * Find splats in cleaned lines given one by one with their numbers, from 1. Holds the facts of the open report and the
 * splats found, never the lines. `expectedBanners`: kernel banners that belong in this log.
 */
export function createSplatFinder(expectedBanners: number) {
  const found = createSplatList()
  const banners = { kernel: 0, decompressor: 0 }
  let open: OpenReport | null = null
  /** Number of the last line that was a fence. */
  let fence = -1

  /** A start says both banners, or one of them where the other is not printed. */
  function extraBanners(): number {
    return Math.max(0, Math.max(banners.kernel, banners.decompressor) - expectedBanners)
  }

  function close(): void {
    if (open?.rule) {
      const { rule, severity, title, place, firstLine, lastLine } = open
      found.keep({ rule: rule.id, severity, firstLine, lastLine }, () => {
        const headline = normaliseTitle(title) || rule.id
        return place && rule.placeFromTrace ? `${headline} in ${normaliseTitle(place)}` : headline
      })
    }
    open = null
  }

  function start(rule: SplatRule | null, line: string, number: number): void {
    close()
    const firstLine = fence === number - 1 ? fence : number
    const severity = rule?.severity ?? 'notice'
    open = { rule, severity, title: line, place: placeIn(line), firstLine, lastLine: number, sawTrace: false }
  }

  function join(report: OpenReport, rule: SplatRule, line: string, number: number): void {
    // A cut line opened this report and says nothing itself: the first headline names it.
    if (report.rule === CUT_RULE && rule.part !== 'any') {
      report.rule = rule
      report.severity = rule.severity
      report.title = line
    }
    if (RANK[rule.severity] > RANK[report.severity]) report.severity = rule.severity
    report.lastLine = number
  }

  function joins(report: OpenReport, rule: SplatRule): boolean {
    if (rule.part === 'any') return true
    if (report.sawTrace || report.rule === null) return false
    if (report.rule === CUT_RULE) return rule.severity !== 'fatal'
    return rule.part === 'head' && report.severity !== 'stall' && report.severity !== 'notice'
  }

  /** A line inside an open report that opens nothing itself. */
  function extend(report: OpenReport, line: string, number: number): void {
    const kind = bodyLine(line)
    const over = number - report.lastLine > PATIENCE || number - report.firstLine > LONGEST_REPORT
    if (over && kind !== 'end') return close()
    // WARN("text"): the text stands between the cut line and the headline, and stays if no headline comes.
    if (report.rule === CUT_RULE && number === report.lastLine + 1 && !report.sawTrace && kind === 'other') {
      report.title = line
      report.lastLine = number
    }
    if (kind === 'other') return
    if (kind === 'fence' && !report.rule?.fenced) {
      fence = number
      return
    }
    report.lastLine = number
    report.place ??= placeIn(line)
    report.sawTrace ||= kind === 'trace'
    if (kind === 'end' || kind === 'fence') close()
  }

  function suspicious(line: string, number: number): boolean {
    const ignored = ignoredBy(line)
    if (ignored) {
      if (ignored.report) start(null, line, number)
      return ignored.report ?? false
    }
    if (CUT_RULE.pattern.test(line)) {
      if (open?.rule?.announces && open.lastLine === number - 1) open.lastLine = number
      else start(CUT_RULE, line, number)
      return true
    }
    if (BANNER_RULE.pattern.test(line)) {
      close()
      const before = extraBanners()
      banners[line.includes('Booting') ? 'decompressor' : 'kernel'] += 1
      if (extraBanners() > before) {
        const splat = { rule: BANNER_RULE.id, severity: BANNER_RULE.severity, firstLine: number, lastLine: number }
        found.keep(splat, () => 'the guest started again')
      }
      return true
    }
    const rule = ruleFor(line)
    // `---[ end Kernel panic` says the words of its own headline again.
    if (!rule || (open && bodyLine(line) === 'end')) return false
    if (open && joins(open, rule)) {
      join(open, rule, line, number)
      // Trace lines have more to say than that they belong here.
      return bodyLine(line) === 'other'
    }
    start(rule, line, number)
    if (open) extend(open, line, number)
    return true
  }

  return {
    line(line: string, number: number): void {
      if (isSuspicious(line) && suspicious(line, number)) return
      if (open) extend(open, line, number)
      else if (line.charCodeAt(0) === 0x3d /* = */ && bodyLine(line) === 'fence') fence = number
    },
    finish() {
      close()
      return { splats: found.all(), extraBanners: extraBanners() }
    },
  }
}
