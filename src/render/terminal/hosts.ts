/** The machines of a check on a terminal: those without an answer first, what was left on any, and their Debian neighbours. */
import type { CheckedHost } from '#domain/report/host.ts'
import type { Report } from '#domain/report/matrix.ts'
import { silentHosts } from '#analysis/matrix/headline.ts'
import { neighboursOf } from '#analysis/matrix/neighbours.ts'
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
    asked.length === 0 ? [] : [style.paint('bold', 'Machines'), ...asked.flatMap((host) => machineLines(host, style))],
    ...neighbourSections(report, style),
  ]
}

function failure({ host, outcome, message }: CheckedHost): string {
  return `  ${oneLine(host)}: ${outcome}${message === null ? '' : `, ${oneLine(message)}`}`
}

function machineLines(host: CheckedHost, style: TerminalStyle): string[] {
  const { facts } = host
  const user = facts['uid'] === '0' ? 'as root' : `as uid ${facts['uid'] ?? 'unknown'}`
  const what = [...FACTS.flatMap((name) => facts[name] ?? []), user].map(oneLine).join(', ')
  const lines = [`  ${oneLine(host.host)}: ${what}`]
  const log = facts['kernel-log']
  const limits = [
    `limits ${facts['limits'] ?? 'unknown'}`,
    ...(log === 'read' ? [] : [`kernel log not read (${log ?? 'unknown'})`]),
  ]
  lines.push(style.paint('faint', `    ${oneLine(limits.join('; '))}`))
  return lines
}

/** More machines than this show only the cases in which they differ. */
const MAX_WHOLE = 2

/** The column of the nearest Debian kernel beside each machine. It comes from the store: nothing was run for it. */
function neighbourSections(report: Report, style: TerminalStyle): string[][] {
  const all = neighboursOf(report)
  return all.map(({ host, version, nearest, isSame, rows }) => {
    const differing = rows.filter(({ differs }) => differs)
    const shown = all.length <= MAX_WHOLE ? rows : differing
    const width = Math.max(4, ...shown.map((row) => row.case.length))
    const alike = `${countOf(rows.length - differing.length)} of ${countOf(rows.length)} alike`
    const build = isSame ? 'the same build' : `this machine has ${version}`
    return [
      style.paint('bold', `${oneLine(host)} beside Debian ${nearest.version}: ${alike}`),
      style.paint('faint', `  ${nearest.kernel} as run ${nearest.run} tested it, ${build}`),
      ...shown.map(({ case: id, here, there, differs }) => {
        const line = `  ${id.padEnd(width)}  ${style.sign(here)} ${VERDICT_LABELS[here].word}`.padEnd(width + HERE_COLUMNS)
        const both = `${line}${style.sign(there)} ${VERDICT_LABELS[there].word}`
        return differs ? style.paint('alarm', `${both}  differs`) : both
      }),
    ]
  })
}

/** Columns of the machine's own verdict. */
const HERE_COLUMNS = 22
