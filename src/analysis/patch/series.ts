/** Which of the patches of a mailbox belong to one series, and in which order they are applied. */
import { UserError } from '#domain/errors.ts'
import { touchedFiles } from './diff.ts'
import { blobsOf, compareByBlobs } from './order.ts'

/** One patch as it came. */
export interface MailedPatch {
  /** Without `[PATCH n/m]`; empty where none is given. */
  readonly subject: string
  /** As the mail has it. */
  readonly rawSubject: string
  /** Commits that it says it is, or is taken from: hashes of 12 to 40 digits. */
  readonly commits: readonly string[]
  /** Its changes, one character per byte. */
  readonly text: string
}

export interface PatchSeries {
  readonly patches: readonly MailedPatch[]
  /** Sentences about what was left out or put in another order. */
  readonly notes: readonly string[]
}

/** What a subject says of a patch's place: `[PATCH v2 1/3]`. */
interface Tag {
  /** As it is written: `2`, `2.1`. */
  readonly version: string
  readonly number: number | null
  readonly total: number | null
  readonly isReply: boolean
}

/** Read the tag of a subject. */
function parseTag(subject: string): Tag {
  const [, replies = '', brackets = ''] =
    /^\s*((?:(?:re|aw|sv|antw)(?:\[\d+\])?:\s*)*)(?:fwd?:\s*)*((?:\[[^\]]*\]\s*)*)/i.exec(subject) ?? []
  const version = /(?:^|[\s[,]|PATCH)v(\d+(?:\.\d+)*)(?=[\s\],]|$)/i.exec(brackets)?.[1]
  const [, number, total] = /(?:^|[\s[,])0*(\d+)\/0*(\d+)(?=[\s\],])/.exec(brackets) ?? []
  return {
    version: version ?? '1',
    number: number === undefined ? null : Number(number),
    total: total === undefined ? null : Number(total),
    isReply: replies !== '',
  }
}

/** `2` before `2.1` before `10`. */
function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number))
  const at = [0, 1, 2].find((index) => (a?.[index] ?? 0) !== (b?.[index] ?? 0)) ?? 0
  return (a?.[at] ?? 0) - (b?.[at] ?? 0)
}

type Tagged = MailedPatch & { readonly tag: Tag }

/**
 * The patches to apply, in order: without cover letters, answers and doubles, and of several versions the newest. Throws
 * UserError that begins with `label` when they are more than one series.
 */
export function chooseSeries(found: readonly MailedPatch[], label: string): PatchSeries {
  const tagged = found
    .map((patch): Tagged => ({ ...patch, tag: parseTag(patch.rawSubject) }))
    .filter(({ tag }) => tag.number !== 0)
  const own = tagged.filter(({ tag }) => !tag.isReply)
  const single = withoutDoubles(own.length > 0 ? own : tagged)
  const versions = [...new Set(single.map(({ tag }) => tag.version))].toSorted(compareVersions)
  const newest = versions.at(-1)
  const chosen = single.filter(({ tag }) => tag.version === newest)
  const notes: string[] = []
  const answers = own.length === 0 ? [] : tagged.filter(({ tag, text }) => tag.isReply && !own.some((one) => one.text === text))
  if (answers.length > 0) notes.push(`${label} holds a change in an answer, which is left out: ${namesOf(answers)}`)
  if (versions.length > 1) {
    checkVersions(single, chosen, label)
    const names = versions.map((version) => `v${version}`)
    const count = `${chosen.length} patch${chosen.length === 1 ? '' : 'es'}`
    notes.push(
      `${label} holds ${names.slice(0, -1).join(', ')} and ${names.at(-1)} of a series: ${names.at(-1)} is taken (${count})`,
    )
  }
  const { patches, note } = inOrder(chosen, label)
  if (note !== null) notes.push(note)
  return { patches: patches.map(({ tag: _, ...patch }) => patch), notes }
}

/** The subjects of some patches, the first of them where they are many. */
function namesOf(patches: readonly Tagged[]): string {
  const names = patches.slice(0, 3).map(({ rawSubject }) => JSON.stringify(rawSubject))
  return [...names, ...(patches.length > 3 ? [`${patches.length - 3} more`] : [])].join(', ')
}

/** A mail that came twice, over two lists, is one. */
function withoutDoubles(patches: readonly Tagged[]): Tagged[] {
  const key = ({ tag, subject, text }: Tagged) => JSON.stringify([tag.version, tag.number, tag.total, subject, text])
  return [...new Map(patches.map((patch) => [key(patch), patch])).values()]
}

/** Throws UserError unless the newest version is whole, and every older patch belongs to an older version of it. */
function checkVersions(all: readonly Tagged[], newest: readonly Tagged[], label: string): void {
  const groups = [...Map.groupBy(all, ({ tag }) => `v${tag.version} of ${tag.total ?? 'one'}`).values()]
  const subjects = new Set(newest.map(({ subject }) => subject))
  const files = new Set(newest.flatMap(({ text }) => touchedFiles(text)))
  const isRelated = (group: readonly Tagged[]) =>
    group.some(({ subject }) => subjects.has(subject)) ||
    (group.every(({ tag }) => (tag.number !== null) === newest.every((one) => one.tag.number !== null)) &&
      group.some(({ text }) => touchedFiles(text).some((file) => files.has(file))))
  const hint = 'give a file with the patches of one version'
  const stranger = groups.find((group) => !isRelated(group))?.[0]
  const totals = new Set(newest.map(({ tag }) => tag.total))
  if (stranger || totals.size > 1) {
    const two = [stranger ?? newest.at(-1), newest[0]].map((one) => JSON.stringify(one?.rawSubject)).join(' and ')
    throw new UserError(`${label} holds patches of more than one series, such as ${two}`, hint)
  }
  const missing = missingOf(newest)
  if (missing.length > 0) {
    const version = `v${newest[0]?.tag.version}`
    throw new UserError(
      `${label} holds more than one version of a series, and its newest, ${version}, lacks ${missing.join(', ')}`,
      hint,
    )
  }
}

/** Numbers that a numbered series lacks: `2/3`. */
function missingOf(patches: readonly Tagged[]): string[] {
  const total = patches[0]?.tag.total ?? 0
  const numbers = new Set(patches.map(({ tag }) => tag.number))
  return Array.from({ length: Math.min(total, 10_000) }, (_, index) => index + 1)
    .filter((number) => !numbers.has(number))
    .map((number) => `${number}/${total}`)
}

/** Throws UserError where one change comes in two shapes, as for two stable branches: the tags differ, and nothing else. */
function checkSubjects(patches: readonly Tagged[], label: string): void {
  const first = new Map<string, Tagged>()
  for (const patch of patches) {
    const other = first.get(patch.subject)
    if (other && patch.subject !== '' && other.rawSubject !== patch.rawSubject) {
      throw new UserError(
        `${label} holds two different patches of one subject, ${namesOf([other, patch])}`,
        'give a file with the one for this base',
      )
    }
    if (!other) first.set(patch.subject, patch)
  }
}

/** Patches of one version in the order to apply them. */
function inOrder(
  patches: readonly Tagged[],
  label: string,
): { readonly patches: readonly Tagged[]; readonly note: string | null } {
  const isNumbered = patches.every(({ tag }) => tag.number !== null)
  const groups = [...Map.groupBy(patches, ({ tag }) => tag.total).values()]
  if (!isNumbered && groups.length === 1) {
    checkSubjects(patches, label)
    return inBlobOrder(patches, 'kept', label)
  }
  for (const group of groups.filter(([first]) => first?.tag.total !== null)) {
    const numbers = group.map(({ tag }) => tag.number)
    const twice = numbers.find((number, index) => numbers.indexOf(number) !== index)
    if (twice !== undefined) {
      const which = `${twice}/${group[0]?.tag.total}`
      throw new UserError(`${label} holds two different patches ${which}`, 'give a file with the patches of one series')
    }
  }
  const sorted = groups.flatMap((group) => group.toSorted((a, b) => (a.tag.number ?? 0) - (b.tag.number ?? 0)))
  const areApart = groups.every((group) => {
    const places = group.map((one) => patches.indexOf(one))
    return Math.max(...places) - Math.min(...places) === group.length - 1
  })
  if (!areApart) {
    throw new UserError(`${label} holds patches of more than one series, mixed with one another`, 'give a file with one of them')
  }
  const missing = groups.flatMap(missingOf)
  if (missing.length === 0) return { patches: sorted, note: null }
  const shown = missing.length > 3 ? [...missing.slice(0, 3), `${missing.length - 3} more`] : missing
  return { patches: sorted, note: `${label} does not hold the whole series: ${shown.join(', ')} missing` }
}

/** Patches in an order in which each file's contents follow one another; `default` where the hashes of contents do not tell. */
export function inBlobOrder<P extends MailedPatch>(
  patches: readonly P[],
  otherwise: 'kept' | 'reversed',
  label: string,
): { readonly patches: readonly P[]; readonly note: string | null } {
  if (patches.length < 2) return { patches, note: null }
  const balance = compareByBlobs(patches.map(({ text }) => blobsOf(text)))
  const isReversed = balance === 0 ? otherwise === 'reversed' : balance < 0
  if (!isReversed) return { patches, note: null }
  return { patches: patches.toReversed(), note: `${label} has its newest patch first: they are applied from its end` }
}
