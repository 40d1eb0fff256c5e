/** The machines of a check on a terminal: those without an answer first, what was left on any, and their Debian neighbours. */
import type { CheckedHost } from '#domain/report/host.ts'
import type { Report } from '#domain/report/matrix.ts'
import { silentHosts } from '#analysis/matrix/headline.ts'
import { countOf, many } from '#domain/numbers.ts'
import { oneLine } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import type { TerminalStyle } from './style.ts'

const FACTS = ['os', 'release', 'cpu'] as const

/** Sections for the machines of a report; none for a report of guests. */
export function hostSections(report: Report, style: TerminalStyle): string[][] {
  const { hosts = [] } = report
  const asked = hosts.filter(({ outcome }) => outcome === 'checked')
  const others = silentHosts(report)
  const left = hosts.flatMap(({ host, left: own }) => own.map((what) => `  ${oneLine(host)}: ${oneLine(what)}`))
  return [
    others.length === 0
      ? []
      : [
          style.paint('alarm', `Without an answer: ${countOf(others.length)} of ${many(hosts.length, 'machine')}`),
          ...others.map(failure),
        ],
    left.length === 0 ? [] : [style.paint('alarm', 'Left behind'), ...left],
    asked.length === 0 ? [] : [style.paint('bold', 'Machines'), ...asked.flatMap((host) => machineLines(host, report, style))],
  ]
}

function failure({ host, outcome, message }: CheckedHost): string {
  return `  ${oneLine(host)}: ${outcome}${message === null ? '' : `, ${oneLine(message)}`}`
}

function machineLines(host: CheckedHost, report: Report, style: TerminalStyle): string[] {
  const { facts, nearest, kernel } = host
  const user = facts['uid'] === '0' ? 'as root' : `as uid ${facts['uid'] ?? 'unknown'}`
  const what = [...FACTS.flatMap((name) => facts[name] ?? []), user].map(oneLine).join(', ')
  const lines = [`  ${oneLine(host.host)}: ${what}`]
  const log = facts['kernel-log']
  const limits = [
    `limits ${facts['limits'] ?? 'unknown'}`,
    ...(log === 'read' ? [] : [`kernel log not read (${log ?? 'unknown'})`]),
  ]
  lines.push(style.paint('faint', `    ${oneLine(limits.join('; '))}`))
  if (nearest === null || kernel === null) return lines
  const own = report.cells.filter((cell) => cell.kernel === kernel && nearest.verdicts[cell.case] !== undefined)
  const differing = own.filter((cell) => nearest.verdicts[cell.case] !== cell.verdict)
  const alike = `${countOf(own.length - differing.length)} of ${countOf(own.length)} alike`
  lines.push(`    beside Debian ${nearest.version} (run ${nearest.run}): ${alike}`)
  for (const cell of differing) {
    const there = nearest.verdicts[cell.case] ?? 'no-result'
    lines.push(`      ${cell.case}: ${VERDICT_LABELS[cell.verdict].word} here, ${VERDICT_LABELS[there].word} there`)
  }
  return lines
}
