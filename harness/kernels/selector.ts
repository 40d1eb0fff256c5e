/**
 * Selectors: how the command line names kernels.
 *
 *     PROVIDER:PART     PART is read by the provider (debian/query.ts, file/, image/ and tree/source/selector.ts)
 *     KERNEL-ID         one kernel, as listings and reports name it: debian-6.1.170-3-cloud-amd64
 *     SET               a set of vm-images/kernels.json: default
 *
 * `running` and `ssh:HOST` name machines in use; `kwitness run` asks them, and no provider has their kernels.
 */
import { UserError } from '#domain/errors.ts'
import type { ProviderName } from '#domain/kernel.ts'

export type Selector =
  | { readonly kind: 'provider'; readonly provider: ProviderName; readonly part: string }
  | { readonly kind: 'kernel'; readonly provider: ProviderName; readonly id: string }
  | { readonly kind: 'set'; readonly name: string }

const EXAMPLES =
  'write debian:6.1.*, debian:latest-of-each-series, file:/boot/bzImage, image:disk.qcow2, tree:/src/linux@REV, a kernel id or ' +
  'the name of a set'

/** The selector of the machine that kwitness runs on, and the beginning of one of a machine that ssh reaches. */
export const RUNNING = 'running'
export const SSH = 'ssh:'

/** Whether a selector names a machine in use. */
export function isMachineSelector(text: string): boolean {
  return text === RUNNING || text.startsWith(SSH)
}

/** Parse a selector. Throws UserError for any other text, and for one of a machine in use. */
export function parseSelector(text: string): Selector {
  if (isMachineSelector(text)) {
    throw new UserError(
      `${text} names a machine in use, whose kernel is neither fetched nor booted`,
      'kwitness run and kwitness check ask machines in use; every other command takes kernels',
    )
  }
  const match = /^(debian|file|tree|image)([:-])(.+)$/s.exec(text)
  if (match) {
    const provider = match[1] as ProviderName
    if (match[2] === ':') return { kind: 'provider', provider, part: match[3] ?? '' }
    if (/^[\w.+~%-]+$/.test(text)) return { kind: 'kernel', provider, id: text }
  }
  if (!match && /^[a-z][a-z0-9-]*$/.test(text)) return { kind: 'set', name: text }
  const near = /^v?(\d[\w.*-]*)$/.exec(text)?.[1]
  throw new UserError(
    `${JSON.stringify(text)} is not a valid kernel selector`,
    near === undefined ? EXAMPLES : `write debian:${near}; kwitness help selectors tells the rest`,
  )
}

/**
 * The selectors of a text in which commas separate them: `a,b` is two. A comma belongs to its selector before a further bound
 * (`debian:>=6.1,<6.2`), and everywhere behind `tree:`, `file:` and `image:`, whose paths and options reach to the end of the
 * text.
 */
export function splitSelectors(text: string): string[] {
  const selectors: string[] = []
  for (const piece of text.split(',')) {
    const last = selectors.at(-1) ?? ''
    const continues = /^(?:tree|file|image):/.test(last) || (last.startsWith('debian:') && /^\s*[<>=]/.test(piece))
    if (continues) selectors[selectors.length - 1] = `${last},${piece}`
    // A path may end in a blank; nothing else does, and no selector starts with one.
    else if (piece.trim() !== '') selectors.push(/^\s*(?:tree|file|image):/.test(piece) ? piece.trimStart() : piece.trim())
  }
  return selectors
}
