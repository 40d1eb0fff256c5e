/** The order of kernels in listings. */
import type { Kernel } from '#domain/kernel.ts'
import { compareVersions } from '#domain/version.ts'
import { compareDebianVersions } from './archive/version.ts'

/** Compare by version, then build, flavour and id; negative when `left` comes first. */
export function compareKernels(left: Kernel, right: Kernel): number {
  return (
    compareVersions(left.version, right.version) ||
    compareDebianVersions(left.build, right.build) ||
    (left.flavour < right.flavour ? -1 : left.flavour > right.flavour ? 1 : 0) ||
    (left.id < right.id ? -1 : left.id > right.id ? 1 : 0)
  )
}
