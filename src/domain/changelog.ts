/** Debian changelogs of kernels: the part of the text for each package version. */

/** A part of a changelog: the changes of one package version, as text from `start` to `end`. */
export interface ChangelogPart {
  /** Package version: `6.12.118-1`. */
  readonly build: string
  readonly start: number
  readonly end: number
}

/** Signed kernels are packages of their own (`6.12.118+1`), which say in their first line what they were made from. */
const HEAD = /^(linux[a-z0-9.-]*) \(([^()\s]+)\)/gm
const SIGNED = /^ {2}\* Sign kernel from linux\S* (\S+)$/m

/** The parts of a changelog, newest first as in the text; empty for a text that is not a changelog of a kernel. */
export function partsOf(text: string): ChangelogPart[] {
  const heads = [...text.matchAll(HEAD)]
  return heads.map(({ index, 1: name = '', 2: version = '' }, at) => {
    const end = heads[at + 1]?.index ?? text.length
    const signed = name.startsWith('linux-signed') ? SIGNED.exec(text.slice(index, end))?.[1] : undefined
    return { build: signed ?? version, start: index, end }
  })
}

/** `6.12.90` for the package version `6.12.90-2~bpo12+1`. */
export function versionOfBuild(build: string): string {
  const text = build.replace(/^\d+:/, '')
  const dash = text.lastIndexOf('-')
  return dash < 0 ? text : text.slice(0, dash)
}
