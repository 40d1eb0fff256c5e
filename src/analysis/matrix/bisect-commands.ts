/** The commands that lead from a boundary to the commit: what git is told of the two kernels, and what it asks at each step. */
import type { Kernel } from '#domain/kernel.ts'
import { compareVersions, parseVersion } from '#domain/version.ts'

export interface BisectEnds {
  readonly case: string
  readonly before: Kernel
  readonly after: Kernel
  /** The fix came; else it went. */
  readonly cameIn: boolean
}

/**
 * `git bisect start` and `git bisect run`, for the source that the kernels were made from. Git takes exit code 0 for the state
 * that was first: where a fix came that is the broken one, so the step is told what is sought. Null where no two tags can be
 * named: builds of one release, which a patch of their distribution must tell apart, kernels built from source, which may hold no
 * release, and unreadable versions.
 */
export function bisectLines({ case: theCase, before, after, cameIn }: BisectEnds): [start: string, run: string] | null {
  const [older, newer] = [tagOf(before), tagOf(after)]
  if (older === null || newer === null || compareVersions(before.version, after.version) >= 0) return null
  const [old, now] = cameIn ? ['broken', 'fixed'] : ['fixed', 'broken']
  return [
    `git bisect start --term-old ${old} --term-new ${now} ${newer} ${older}`,
    `git bisect run kwitness bisect-step --cases ${theCase}${cameIn ? ' --find fix' : ''}`,
  ]
}

/** The tag of the release a kernel was made from: `v6.1.170`, `v7.3-rc7`. */
function tagOf({ provider, version }: Kernel): string | null {
  return provider === 'tree' || parseVersion(version) === null ? null : `v${version.replace('~', '-')}`
}
