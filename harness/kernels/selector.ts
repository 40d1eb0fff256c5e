/**
 * Selectors: how kernels are named on the command line.
 *
 *     PROVIDER:PART     what the provider makes of PART (debian-query.ts, file.ts, tree-selector.ts)
 *     KERNEL-ID         one kernel, as listings and reports write it: debian-6.1.170-3-cloud-amd64
 *     SET               a set of vm-images/kernels.json: default
 */
import { UserError } from '#domain/errors.ts'
import type { ProviderName } from '#domain/kernel.ts'

export type Selector =
  | { readonly kind: 'provider'; readonly provider: ProviderName; readonly part: string }
  | { readonly kind: 'kernel'; readonly provider: ProviderName; readonly id: string }
  | { readonly kind: 'set'; readonly name: string }

/** Read a selector. Throws UserError for anything that is none. */
export function parseSelector(text: string): Selector {
  const match = /^(debian|file|tree)([:-])(.+)$/s.exec(text)
  if (match) {
    const provider = match[1] as ProviderName
    if (match[2] === ':') return { kind: 'provider', provider, part: match[3] ?? '' }
    if (/^[\w.+~%-]+$/.test(text)) return { kind: 'kernel', provider, id: text }
  }
  if (!match && /^[a-z][a-z0-9-]*$/.test(text)) return { kind: 'set', name: text }
  throw new UserError(
    `${JSON.stringify(text)} is no kernel selector`,
    'write debian:6.1.*, debian:latest-of-each-series, file:/boot/bzImage, tree:/src/linux@REV, a kernel id or a set',
  )
}
