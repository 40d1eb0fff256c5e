/** Find kernel reports line by line: one splat per report, with its extent. */
import type { SplatSeverity } from '#domain/splat.ts'
import { MAX_REPORT_LINES, bodyLine, maxGap, placeIn } from './extent.ts'
import { createSplatList } from './list.ts'
import { matchLine, type LineKind } from './match.ts'
import type { SplatRule } from './rule.ts'
import { BANNER_RULE, CUT_RULE, FENCED_RULE, isIgnored } from './table.ts'

/** Lines that an announcement may have behind its headline before the cut line comes. */
const MAX_ANNOUNCEMENT = 8

const RANK: Readonly<Record<SplatSeverity, number>> = { fatal: 4, oops: 3, stall: 2, warning: 1, notice: 0 }

/** A report whose end has not been seen. */
interface OpenReport {
  /** Null for one to pass over: a self-test that splats on purpose. */
  rule: SplatRule | null
  severity: SplatSeverity
  headline: string
  place: string | null
  readonly firstLine: number
  lastLine: number
  sawTrace: boolean
}

/** Whether a report has a rule: one without is passed over. */
function isNamed(report: OpenReport): report is OpenReport & { readonly rule: SplatRule } {
  return report.rule !== null
}

/**
 * Find splats in cleaned lines given one by one with their numbers, from 1. Holds the facts of the open report and the
 * splats found, never the lines. `stamped`: printk's stamp was taken off the line. `expectedBanners`: kernel banners that
 * belong in this log.
 */
export function createSplatFinder(expectedBanners: number) {
  const found = createSplatList()
  const banners = { kernel: 0, decompressor: 0 }
  let open: OpenReport | null = null
  /** Number of the last line that was a fence. */
  let fence = -1
  let sawStamp = false

  /** A start says both banners, or one of them where the other is not printed. */
  function extraBanners(): number {
    return Math.max(0, Math.max(banners.kernel, banners.decompressor) - expectedBanners)
  }

  function close(): void {
    if (open !== null && isNamed(open)) found.keep(open)
    open = null
  }

  function start(rule: SplatRule | null, headline: string, number: number): OpenReport {
    close()
    const fenced = fence === number - 1
    const own = fenced && rule !== null && (rule.id === 'bug' || rule.withTrace) ? FENCED_RULE : rule
    open = {
      rule: own,
      severity: own?.severity ?? 'notice',
      headline,
      place: null,
      firstLine: fenced ? fence : number,
      lastLine: number,
      sawTrace: false,
    }
    return open
  }

  function join(report: OpenReport, rule: SplatRule, headline: string, number: number): void {
    // A cut line opened this report and says nothing itself: the first headline names it.
    if (report.rule === CUT_RULE && rule.part !== 'any') {
      report.rule = rule.withTrace ? { ...rule, severity: rule.withTrace } : rule
      report.severity = report.rule.severity
      report.headline = headline
    }
    if (RANK[rule.severity] > RANK[report.severity]) report.severity = rule.severity
    report.lastLine = number
  }

  function joins(report: OpenReport, rule: SplatRule): boolean {
    if (rule.part === 'any') return true
    if (report.sawTrace || report.rule === null) return false
    if (report.rule.endsInPanic && rule.id === 'panic') return true
    if (report.rule === CUT_RULE) return rule.severity !== 'fatal'
    if (rule.part !== 'head') return false
    // The kernel can fault while it reports something else: that is a report of its own.
    if (rule.severity === 'oops') return RANK[report.severity] >= RANK.oops || report.rule.announces === true
    return report.severity !== 'stall' && report.severity !== 'notice'
  }

  /** A line inside an open report that opens nothing itself. */
  function extend(report: OpenReport, line: string, number: number): void {
    const kind = bodyLine(line)
    const over = number - report.lastLine > maxGap(report.rule, report.sawTrace) || number - report.firstLine > MAX_REPORT_LINES
    if (over && kind !== 'end') return close()
    // WARN("text"): the text stands between the cut line and the headline, and stays if no headline comes.
    if (report.rule === CUT_RULE && number === report.lastLine + 1 && !report.sawTrace && kind === 'other') {
      report.headline = line
      report.lastLine = number
    }
    if (kind === 'other') return
    if (kind === 'fence' && !report.rule?.fenced) {
      fence = number
      return
    }
    report.lastLine = number
    report.place ??= placeIn(line)
    if (kind === 'trace') {
      report.sawTrace = true
      const worse = report.rule?.withTrace
      if (worse && RANK[worse] > RANK[report.severity]) report.severity = worse
    }
    if (kind === 'end' || kind === 'fence') close()
  }

  function banner(message: string, number: number): void {
    close()
    const before = extraBanners()
    banners[message.startsWith('Booting') ? 'decompressor' : 'kernel'] += 1
    if (extraBanners() <= before) return
    const headline = 'the guest started again'
    found.keep({ rule: BANNER_RULE, severity: BANNER_RULE.severity, headline, place: null, firstLine: number, lastLine: number })
  }

  /** Take a line that has a literal of the table; false where it is no more than a line of the open report. */
  function suspicious(line: string, number: number, kind: LineKind): boolean {
    const match = matchLine(line, kind)
    if (match === null) return false
    const { rule, message } = match
    if (isIgnored(rule)) {
      if (rule.report) start(null, line, number)
      return rule.report ?? false
    }
    if (rule === CUT_RULE) {
      if (open?.rule?.announces && !open.sawTrace && number - open.lastLine <= MAX_ANNOUNCEMENT) open.lastLine = number
      else start(CUT_RULE, message, number)
      return true
    }
    if (rule === BANNER_RULE) {
      // A program can print the banner, from /proc/version; the kernel's own has a stamp where other messages have one.
      if (kind !== 'unstamped' || message.startsWith('Booting')) banner(message, number)
      return true
    }
    // What was decoded says its headline once for each function that was put into the next.
    if (open !== null && open.rule === rule && number === open.lastLine + 1 && open.headline.endsWith('[inline]')) {
      open.headline = message
      open.lastLine = number
      return true
    }
    // A line of `=` right above it begins a report, whatever is open.
    if (open && (rule.part === 'any' || fence !== number - 1) && joins(open, rule)) {
      join(open, rule, message, number)
      // Trace lines have more to say than that they belong here.
      return bodyLine(line) === 'other'
    }
    const report = start(rule, message, number)
    // Few headlines are more than that: a trace, or one that names its function.
    if (rule.part === 'any' || line.includes('+0x')) extend(report, line, number)
    return true
  }

  return {
    line(line: string, number: number, stamped: boolean): void {
      if (line === '') return
      if (stamped) sawStamp = true
      if (suspicious(line, number, stamped ? 'stamped' : sawStamp ? 'unstamped' : 'stampless')) return
      if (open) extend(open, line, number)
      else if (line.charCodeAt(0) === 0x3d /* = */ && bodyLine(line) === 'fence') fence = number
    },
    finish() {
      close()
      return { splats: found.all(), extraBanners: extraBanners() }
    },
  }
}
