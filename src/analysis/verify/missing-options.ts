/** Options that cases need and a kernel's configuration lacks. */
import type { Case } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { MissingOptions } from '#domain/report/verify.ts'
import { compareVersions } from '#domain/version.ts'

/** Options of a `.config` that are built in or modules, and all with a value as `NAME=VALUE`; of two lines the last counts. */
export function enabledOptions(config: string): ReadonlySet<string> {
  const lines = [...config.matchAll(/^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)$/gm)]
  const values = new Map(lines.map(([, set, value, unset]) => [set ?? unset ?? '', value]))
  return new Set(
    [...values].flatMap(([name, value]) => {
      if (value === undefined) return []
      return value === 'y' || value === 'm' ? [name, `${name}=${value}`] : [`${name}=${value}`]
    }),
  )
}

/** A configuration by the kernel that has it. */
export interface KernelConfig {
  readonly id: string
  readonly options: ReadonlySet<string>
}

/**
 * What the configuration of a kernel lacks of what each case needs and one of `debian` has, flavours of one version; all that it
 * lacks where none is known. Leaves out cases about something that came into Linux after this kernel.
 */
export function missingOptions(
  { version }: Pick<Kernel, 'version'>,
  options: ReadonlySet<string>,
  cases: readonly Pick<Case, 'id' | 'introduced' | 'needs'>[],
  debian: readonly KernelConfig[],
): MissingOptions[] {
  return cases.flatMap(({ id, introduced, needs: { config = [] } }) => {
    const missing = config.filter((name) => !options.has(name))
    const isOlder = introduced !== null && compareVersions(version, introduced) < 0
    const able = debian.find((one) => missing.every((name) => one.options.has(name)))
    if (missing.length === 0 || isOlder || (debian.length > 0 && !able)) return []
    return [{ case: id, options: missing, debian: able?.id ?? null }]
  })
}
