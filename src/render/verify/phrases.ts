/** The phrases that all formats of a verification share: the results of a patch on one base, line by line. */
import { placeOf, rejectedOf, type BaseResult, type Status, type StepResult, type Verification } from '#analysis/verify/report.ts'
import type { Change, VerifyCell } from '#analysis/verify/compare-cells.ts'
import type { ApplyResult, HunkTry, PatchTry } from '#domain/report/verify.ts'
import { chanceOf, many } from '#domain/numbers.ts'
import { oneLine } from '../text/format.ts'

export const STATUS_TITLES: Readonly<Record<Status, string>> = {
  fixes: 'Fixes',
  unchanged: 'Changes no verdict',
  'already-applied': 'Already applied',
  'no-answer': 'No answer',
  inconclusive: 'Inconclusive',
  'nothing-to-fix': 'Nothing to fix',
  'new-warnings': 'New warnings',
  'new-splat': 'New kernel reports',
  'no-effect': 'No effect',
  'breaks-other-case': 'Breaks another case',
  'does-not-boot': 'Does not boot',
  'does-not-build': 'Does not build',
  'does-not-apply': 'Does not apply',
}

const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  fixed: 'fixed',
  unchanged: 'unchanged',
  broke: 'broken',
  inconclusive: 'not seen any more, inconclusive',
  lost: 'no answer any more',
  gained: 'answers now',
  'no-answer': 'no answer',
}

const APPLY_WORDS: Readonly<Record<ApplyResult, string>> = {
  cleanly: 'cleanly',
  'with-fuzz': 'only with fuzz; the build used the exact patch for this base',
  'with-conflicts': 'no, it has conflicts',
  'already-applied': 'already applied exactly',
  'already-in-other-form': 'looks already applied in another form',
}

/** Lines about whether it applies: `applies: cleanly, 2 hunks at an offset`. */
function applyLines({ tries }: BaseResult): string[] {
  return tries.flatMap((one) => {
    const whose = tries.length > 1 ? `${one.name}: ` : ''
    return [`applies: ${whose}${APPLY_WORDS[one.result]}${movedOf(one)}`, ...one.hunks.filter(isWorthALine).map(hunkLine)]
  })
}

function movedOf({ hunks, result }: PatchTry): string {
  const moved = hunks.filter(({ offset }) => offset !== 0).length
  return moved > 0 && result !== 'with-conflicts' ? ` (${many(moved, 'hunk')} of ${hunks.length} at an offset)` : ''
}

const isWorthALine = ({ state, fuzz }: HunkTry) => state === 'rejected' || fuzz > 0

function hunkLine(tried: HunkTry): string {
  const { hunk, line, heading, state, fuzz, why } = tried
  const at = `${placeOf(tried)}${hunk === 0 ? '' : `, line ${line}`}${heading === '' ? '' : ` (${heading})`}`
  const what = state === 'applied' ? `fuzz ${fuzz}` : `rejected${why === null ? '' : `, ${why}`}`
  return `  ${oneLine(`${at}: ${what}`)}`
}

/** Lines about the prerequisites of rejected hunks; empty without one. */
function prerequisiteLines(base: BaseResult): string[] {
  return rejectedOf(base)
    .filter(({ state }) => state === 'rejected')
    .flatMap(({ file, hunk, prerequisites }) => {
      if (prerequisites === null) return []
      if (prerequisites.length === 0) return [`prerequisites: none found for ${file} hunk ${hunk}`]
      const list = prerequisites.map(({ hash, subject }) => `  ${hash.slice(0, 12)} ("${oneLine(subject)}")`)
      return [`prerequisites: commits that touch the lines of ${file} hunk ${hunk} and are not in the base`, ...list]
    })
}

/** Lines about the build of a step. */
function buildLines({ buildError, log, warnings }: StepResult): string[] {
  if (buildError !== null) return [`builds: no: ${oneLine(buildError)}`, ...(log === null ? [] : [`  the whole log: ${log}`])]
  if (warnings === null) return ['builds: yes; its warnings cannot be compared with those of the base']
  const said = warnings.length === 0 ? 'no new warning in the files it touches' : many(warnings.length, 'new warning')
  return [`builds: yes, ${said}`, ...warnings.map(({ file, message }) => `  ${file}: ${oneLine(message)}`)]
}

/** A row for each case: name, before, after, the change, and the miss probability of a race. */
export function cellRows({ cells }: Pick<StepResult, 'cells'>): string[][] {
  const sorted = cells.toSorted((a, b) => Number(b.isTarget) - Number(a.isTarget))
  return sorted.map((cell) => [
    cell.case,
    cell.before ?? '-',
    cell.after ?? '-',
    CHANGE_WORDS[cell.change],
    [...(cell.isTarget ? ['the fix'] : []), ...missOf(cell)].join(', '),
  ])
}

function missOf({ missProbability, after }: VerifyCell): string[] {
  return missProbability !== null && after !== 'lacks' ? [`miss probability ${chanceOf(missProbability)}`] : []
}

/** Lines about kernel reports. */
function splatLines({ splats, cells }: Pick<StepResult, 'splats' | 'cells'>): string[] {
  if (cells.length === 0) return []
  if (splats.length === 0) return ['kernel reports: none new']
  return splats.map(({ title, cases }) => `new kernel report: ${oneLine(title)} (${cases.join(', ')})`)
}

/** Lines about how the patch applies. */
export function triedLines(base: BaseResult): string[] {
  return [...applyLines(base), ...prerequisiteLines(base)]
}

/** Lines about the patched kernel; empty without one. */
export function kernelLines({ whole }: BaseResult): string[] {
  return whole ? [...buildLines(whole), ...splatLines(whole)] : []
}

/** Lines about cases that the configuration of the base rules out, together where they lack the same; mostly none. */
export function untestableLines({ untestable }: BaseResult): string[] {
  const groups = Map.groupBy(untestable, ({ options, debian }) => JSON.stringify([options, debian]))
  return [...groups.values()].flatMap((own) => {
    const [{ options, debian } = { options: [], debian: null }] = own
    const has = debian === null ? ' (no Debian kernel of its series is in the cache to compare with)' : `, which ${debian} has`
    const them = options.length === 1 ? 'it' : 'them'
    return [
      `cannot be tested on this base: ${own.map((one) => one.case).join(', ')}`,
      `  its configuration lacks ${options.join(', ')}${has}; a fragment given by --config can add ${them}`,
    ]
  })
}

/** The machine of the verification; null without a guest. */
export function hostLine({ host }: Verification): string | null {
  return host === null ? null : `${host.accelerator} guests, QEMU ${host.qemu}, host ${host.kernel}`
}

/** The title: `userfaultfd: change mmap_changing to atomic`, or the first patch of a series and how many follow. */
export function titleOf({ patches }: Verification): string {
  const [first] = patches
  const more = patches.length > 1 ? ` and ${patches.length - 1} more` : ''
  return `${oneLine(first?.subject ?? 'nothing')}${more}`
}

/** A line for each patch of a series, compared with the one before. */
export function partLines({ perPatch, tries }: BaseResult): string[] {
  return perPatch.map((part) => `patch ${part.upTo} (${tries[part.upTo - 1]?.name ?? ''}): ${oneLine(part.summary)}`)
}
