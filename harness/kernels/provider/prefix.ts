/** Ids by their beginning: people type `debian-6.1.192-3` for `debian-6.1.192-3-cloud-amd64`. */
import { UserError } from '#domain/errors.ts'
import type { ListedKernel } from '#domain/kernel.ts'

const MAX_SHOWN = 6

/**
 * The kernel whose id is `text`, else the only one whose id begins so; null when none does. A version is not cut in the middle:
 * `debian-6.1.17` begins no build of 6.1.170. Among Debian's flavours the default one is meant. Throws UserError that names all
 * kernels which begin so when there are several.
 */
export function kernelByPrefix<K extends ListedKernel>(text: string, kernels: readonly K[]): K | null {
  const exact = kernels.find(({ id }) => id === text)
  if (exact) return exact
  const isHash = ({ provider }: K) => provider !== 'debian'
  const begins = kernels.filter((kernel) => {
    const { id } = kernel
    return id.startsWith(text) && (isHash(kernel) || /^[-~+]/.test(id.slice(text.length)))
  })
  const ofDefault = begins.filter(({ flavour }) => flavour === 'cloud-amd64')
  const found = ofDefault.length > 0 ? ofDefault : begins
  if (found.length <= 1) return found[0] ?? null
  throw ambiguous(text, found)
}

/** The error for a text that means several kernels where one is needed: it names them and what to type. */
function ambiguous(text: string, kernels: readonly ListedKernel[]): UserError {
  const ids = kernels.map(({ id }) => id)
  const more = ids.length > MAX_SHOWN ? ` and ${ids.length - MAX_SHOWN} more` : ''
  return new UserError(
    `${text} means ${ids.length} kernels: ${ids.slice(0, MAX_SHOWN).join(', ')}${more}`,
    `name one of them (--kernels ${ids.at(-1)}), or all: --kernels ${ids.slice(0, MAX_SHOWN).join(',')}`,
  )
}
