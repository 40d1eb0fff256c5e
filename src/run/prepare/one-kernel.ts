/** The one kernel of a command that runs on one: the newest build where a selector means one version. */
import type { Kernel } from '#domain/kernel.ts'
import { UserError } from '#domain/errors.ts'

const MAX_SHOWN = 6

/** How a command says that it takes one kernel, and how it is started with another one. */
export interface OneKernelCommand {
  /** `a shell runs on one kernel`. */
  readonly rule: string
  /** The selector that was given. */
  readonly selector: string
  /** The line to type for a kernel id. */
  readonly line: (id: string) => string
  /** Called with one sentence when one of several builds was taken. */
  readonly note: (text: string) => void
}

/**
 * The kernel that is meant: the only one, or the newest build where all are builds of one version and flavour. `kernels` are in
 * version order. Throws UserError that names them, with the line to type, where several versions are meant.
 */
export function oneKernel<K extends Kernel>(kernels: readonly K[], { rule, selector, line, note }: OneKernelCommand): K {
  const newest = kernels.at(-1)
  if (!newest) throw new UserError('no kernel was chosen', 'kwitness kernels list shows what is available')
  const ids = kernels.map(({ id }) => id)
  const isOneVersion = kernels.every(({ version, flavour }) => version === newest.version && flavour === newest.flavour)
  if (isOneVersion) {
    const [other] = ids
    if (other !== undefined && other !== newest.id) {
      note(`${selector} is ${ids.length} builds (${ids.join(', ')}): taking the newest; for another one: ${line(other)}`)
    }
    return newest
  }
  const shown =
    ids.length > MAX_SHOWN ? `${ids.slice(0, MAX_SHOWN).join(', ')} and ${ids.length - MAX_SHOWN} more` : ids.join(', ')
  throw new UserError(`${rule}, and this selector means ${ids.length}: ${shown}`, `name one of them: ${line(newest.id)}`)
}
