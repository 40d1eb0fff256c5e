/** The kernel of a machine, from what kwitness-check says of it. */
import type { CheckStream } from '#console/check/stream.ts'
import type { Kernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'

/** Debian writes its package version into `uname -v`: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)`. */
const DEBIAN = / Debian (\d[^ ]*)/
const RELEASE = /^(\d+\.\d+(?:\.\d+)?)(?:-rc(\d+))?[-.+~]?(.*)$/

/**
 * The kernel that runs on a machine, null where it did not say which. The version is that of the package where `uname -v` names
 * it, because `uname -r` of Debian and Ubuntu keeps the patch level of the first release.
 */
export function kernelOfHost(host: string, head: CheckStream['head']): Kernel | null {
  const { release, build: words = '', machine } = head
  if (release === undefined || (machine !== 'x86_64' && machine !== 'aarch64')) return null
  const [, upstream = release, rc, rest = ''] = RELEASE.exec(release) ?? []
  const build = DEBIAN.exec(words)?.[1]
  // Ubuntu says which stable release its kernel is merged with: `Ubuntu 5.15.0-91.101-generic 5.15.131`.
  const merged = /^\S+ \S+ (\d+\.\d+\.\d+)$/.exec(head['signature'] ?? '')?.[1]
  // Ubuntu names its package there: `5.15.0-91.101-generic`.
  const ubuntu = /^Ubuntu (\d[\d.]*-[\d.]+)-/.exec(head['signature'] ?? '')?.[1]
  const version = build?.replace(/^\d+:/, '').split('-')[0] ?? merged ?? (rc === undefined ? upstream : `${upstream}~rc${rc}`)
  // Debian's flavour is what follows the ABI number: `6.1.0-18-cloud-amd64`, `6.12.90+deb13-amd64`.
  const flavour = build === undefined ? rest || 'custom' : rest.replace(/^(?:[\d.]+|deb\d+)-/, '')
  const safe = (text: string): string => text.replaceAll(/[^\w.+~-]/g, '_')
  return {
    id: safe(`host-${host}-${release}`),
    provider: 'host',
    version,
    series: seriesOf(version),
    build: build ?? ubuntu ?? release,
    flavour: safe(flavour),
    arch: machine,
    host,
  }
}
