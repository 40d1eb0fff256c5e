/** The git bisect commands that lead from a boundary to the commit. */
import type { Kernel } from '#domain/kernel.ts'
import { compareVersions, parseVersion } from '#domain/version.ts'

export interface BisectEnds {
  readonly case: string
  readonly before: Kernel
  readonly after: Kernel
  /** The fix came; else it was lost. */
  readonly cameIn: boolean
}

/**
 * `git bisect start` and `git bisect run` for the source of the kernels. Git takes exit code 0 for the old state, which is the
 * broken one where a fix came, so the step gets `--find fix`. Null without two tags: builds of one release, which differ by a
 * distribution's patch, kernels built from source, which may not be a release, and versions that cannot be parsed.
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

/** The tag of a kernel's release: `v6.1.170`, `v7.3-rc7`. */
function tagOf({ provider, version }: Kernel): string | null {
  return provider === 'tree' || parseVersion(version) === null ? null : `v${version.replace('~', '-')}`
}
