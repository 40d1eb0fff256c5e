/** What the page says of each fix: its title, and in every series what its kernels answered and where that changes. */
import { compareText } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Report, ReportCase, Timeline } from '#domain/report/matrix.ts'
import { precisionOf, reasonsOf, steadyWords } from '../text/boundary.ts'
import { wordAbout } from '../text/format.ts'
import { VERDICT_LABELS } from '../text/labels.ts'
import { cellLink } from './links.ts'

type Label = (kernel: string) => string

/** The fixes of a report, in the order of its columns. */
export function fixesOf(report: Report, label: Label) {
  const timelines = Map.groupBy(report.timelines, (timeline) => timeline.case)
  const branches = new Map(report.kernels.map(({ id, flavour, arch }) => [id, `${flavour} ${arch}`]))
  const boundaries = Map.groupBy(report.boundaries, ({ case: id, series, after }) => `${id} ${series} ${branches.get(after)}`)
  return report.cases
    .toSorted((a, b) => compareText(a.id, b.id))
    .map((theCase) => {
      const own = timelines.get(theCase.id) ?? []
      const severalBranches = new Set(own.map(({ flavour, arch }) => `${flavour} ${arch}`)).size > 1
      return {
        id: theCase.id,
        title: theCase.title,
        cve: theCase.fixes.flatMap(({ cve }) => cve),
        commits: commitsOf(theCase),
        series: own.map((timeline) => {
          const { series, flavour, arch } = timeline
          const changes = boundaries.get(`${theCase.id} ${series} ${flavour} ${arch}`) ?? []
          return { name: severalBranches ? `${series} ${flavour}` : series, ...answerOf(timeline, changes, label) }
        }),
      }
    })
}

/** `57efa1fe5957 mm/gup: prevent ...`: the commits of a fix, each on a line. */
function commitsOf({ fixes }: ReportCase): string[] {
  return fixes.map(({ commit, subject }) => {
    const name = commit === 'unknown' ? 'merged, hash not known' : commit === null ? 'never merged' : commit.slice(0, 12)
    return `${name}: ${subject}`
  })
}

/** What the newest kernel of a branch answers, since when, and each place where the answer changes. */
function answerOf(timeline: Timeline, boundaries: readonly Boundary[], label: Label) {
  const { intervals, earlier } = timeline
  const last = intervals.at(-1)
  if (!last) return { verdict: 'none', word: 'no answer', text: reasonsOf(earlier), changes: [] }
  const { word } = VERDICT_LABELS[last.verdict]
  const changes = boundaries.map((boundary) => changeOf(boundary, label))
  if (intervals.length === 1) {
    const { ends, share } = steadyWords(timeline, label)
    return { verdict: last.verdict, word, text: `${ends}, ${share} tested`, changes }
  }
  return { verdict: last.verdict, word, text: `since ${label(last.first)}`, changes }
}

function changeOf(boundary: Boundary, label: Label) {
  const side = (kernel: string, verdict: Verdict) => ({
    verdict,
    word: VERDICT_LABELS[verdict].word,
    text: label(kernel),
    href: cellLink(kernel, boundary.case),
  })
  return {
    before: side(boundary.before, boundary.from),
    after: side(boundary.after, boundary.to),
    precision: precisionOf(boundary).join('; '),
    bisect: boundary.bisect?.join('\n') ?? '',
    changelog: changelogOf(boundary),
  }
}

/** The entries of a changelog between the two kernels; null where no changelog covers both. */
function changelogOf({ entries }: Boundary) {
  if (entries === null) return null
  const shown = entries.listed.map(({ build, subject, cve, about }) => ({
    build,
    subject,
    note: [wordAbout(about).trim(), ...cve].filter(Boolean).join(' '),
    strong: about !== 'names',
  }))
  return { source: entries.source, shown, more: entries.more, words: entriesWords(shown.length + entries.more) }
}

/** The title of a list of changelog entries; empty for an empty list. */
function entriesWords(count: number): string {
  if (count === 0) return ''
  return count === 1
    ? '1 changelog entry between them shares its names'
    : `${count} changelog entries between them share its names`
}
