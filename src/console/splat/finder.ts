/** Find kernel reports line by line: one splat per report, with its extent. */
import type { SplatSeverity } from '#domain/splat.ts'
import { MAX_REPORT_LINES, MIN_GAP, bodyLine, maxGap, placeIn } from './extent.ts'
import { createSplatList } from './list.ts'
import { matchLine, type LineKind } from './match.ts'
import type { SplatRule } from './rule.ts'
import type { IgnoreRule } from './ignored.ts'
import { BANNER_RULE, CUT_RULE, FENCED_RULE } from './table.ts'

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
  /** It began with a cut line. */
  readonly cut: boolean
  sawTrace: boolean
}

/** Whether a headline is that of a function that was put into the next. */
function isInlined(headline: string): boolean {
  return headline.charCodeAt(headline.length - 1) === 0x5d /* ] */ && headline.endsWith('[inline]')
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
export class SplatFinder {
  private readonly expectedBanners: number
  private readonly found = createSplatList()
  private readonly banners = { kernel: 0, decompressor: 0 }
  private open: OpenReport | null = null
  /** Number of the last line that was a fence. */
  private fence = -1
  private sawStamp = false

  constructor(expectedBanners: number) {
    this.expectedBanners = expectedBanners
  }

  line(line: string, number: number, stamped: boolean): void {
    if (line === '') return
    if (stamped) this.sawStamp = true
    if (this.suspicious(line, number, stamped ? 'stamped' : this.sawStamp ? 'unstamped' : 'stampless')) return
    if (this.open) this.extend(this.open, line, number)
    else if (line.charCodeAt(0) === 0x3d /* = */ && bodyLine(line) === 'fence') this.fence = number
  }

  finish() {
    this.close()
    return { splats: this.found.all(), extraBanners: this.extraBanners() }
  }

  /** A start says both banners, or one of them where the other is not printed. */
  private extraBanners(): number {
    return Math.max(0, Math.max(this.banners.kernel, this.banners.decompressor) - this.expectedBanners)
  }

  private close(): void {
    if (this.open !== null && isNamed(this.open)) this.found.keep(this.open)
    this.open = null
  }

  private start(rule: SplatRule | null, headline: string, number: number): OpenReport {
    this.close()
    const fenced = this.fence === number - 1
    const own = fenced && rule !== null && (rule.id === 'bug' || rule.withTrace) ? FENCED_RULE : rule
    this.open = {
      rule: own,
      severity: own?.severity ?? 'notice',
      headline,
      place: null,
      firstLine: fenced ? this.fence : number,
      lastLine: number,
      cut: rule === CUT_RULE,
      sawTrace: false,
    }
    return this.open
  }

  /** A line inside an open report that opens nothing itself. */
  private extend(report: OpenReport, line: string, number: number): void {
    const kind = bodyLine(line)
    const gap = number - report.lastLine
    const over = (gap > MIN_GAP && gap > maxGap(report.rule, report.sawTrace)) || number - report.firstLine > MAX_REPORT_LINES
    if (over && kind !== 'end') return this.close()
    // WARN("text"): the text stands between the cut line and the headline, and stays if no headline comes.
    if (report.rule === CUT_RULE && number === report.lastLine + 1 && !report.sawTrace && kind === 'other') {
      report.headline = line
      report.lastLine = number
    }
    if (kind === 'other') return
    if (kind === 'fence' && !report.rule?.fenced) {
      this.fence = number
      return
    }
    report.lastLine = number
    report.place ??= placeIn(line)
    if (kind === 'trace') {
      report.sawTrace = true
      const worse = report.rule?.withTrace
      if (worse && RANK[worse] > RANK[report.severity]) report.severity = worse
    }
    if (kind === 'end' || kind === 'fence') this.close()
  }

  private banner(message: string, number: number): void {
    this.close()
    const before = this.extraBanners()
    this.banners[message.startsWith('Booting') ? 'decompressor' : 'kernel'] += 1
    if (this.extraBanners() <= before) return
    const headline = 'the guest started again'
    this.found.keep({
      rule: BANNER_RULE,
      severity: BANNER_RULE.severity,
      headline,
      place: null,
      firstLine: number,
      lastLine: number,
    })
  }

  /** Take a line that has a literal of the table; false where it is no more than a line of the open report. */
  private suspicious(line: string, number: number, kind: LineKind): boolean {
    const match = matchLine(line, kind)
    if (match === null) return false
    const { message } = match
    if (match.isIgnored) {
      const { report = false } = match.rule as IgnoreRule
      if (report) this.start(null, line, number)
      return report
    }
    const rule = match.rule as SplatRule
    if (rule.afterKernel && !this.sawStamp && this.banners.kernel === 0) return false
    if (rule === CUT_RULE) {
      const { open } = this
      const isAnnounced = open?.rule?.announces && !open.sawTrace && number - open.lastLine <= MAX_ANNOUNCEMENT
      // Two CPUs that report at once say it twice.
      if (open && (isAnnounced || (open.rule === CUT_RULE && number === open.lastLine + 1))) open.lastLine = number
      else this.start(CUT_RULE, message, number)
      return true
    }
    if (rule === BANNER_RULE) {
      // A program can print the banner, from /proc/version; the kernel's own has a stamp where other messages have one.
      if (kind !== 'unstamped' || message.startsWith('Booting')) this.banner(message, number)
      return true
    }
    // What was decoded says its headline once for each function that was put into the next.
    if (this.open !== null && this.open.rule === rule && number === this.open.lastLine + 1 && isInlined(this.open.headline)) {
      this.open.headline = message
      this.open.lastLine = number
      return true
    }
    // A line of `=` right above it begins a report, whatever is open.
    if (this.open && (rule.part === 'any' || this.fence !== number - 1) && joins(this.open, rule)) {
      join(this.open, rule, message, number)
      // Trace lines have more to say than that they belong here.
      return bodyLine(line) === 'other'
    }
    const report = this.start(rule, message, number)
    // Few headlines are more than that: a trace, or one that names its function.
    if (rule.part === 'any' || line.includes('+0x')) this.extend(report, line, number)
    return true
  }
}

/** Take a further headline into an open report. */
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

/** Whether a headline belongs to an open report. */
function joins(report: OpenReport, rule: SplatRule): boolean {
  if (rule.part === 'any') return true
  if (report.sawTrace || report.rule === null) return false
  if (report.rule.endsInPanic && rule.id === 'panic') return true
  if (report.rule === CUT_RULE) return rule.severity !== 'fatal'
  if (rule.part !== 'head') return false
  // A warning has a cut line, and one headline.
  if (rule.id === 'warning') return report.rule.announces === true || (report.cut && report.rule.id !== rule.id)
  // The kernel can fault while it reports something else: that is a report of its own.
  if (rule.severity === 'oops') return RANK[report.severity] >= RANK.oops || report.rule.announces === true
  return report.severity !== 'stall' && report.severity !== 'notice'
}
