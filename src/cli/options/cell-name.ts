/** A result as people name it: KERNEL/CASE, the kernel by its id or, for one of Debian's, by its version. */
import { UserError } from '#domain/errors.ts'

/** Kernel and case of KERNEL/CASE; of a text without a slash all is the case. */
export function splitCell(text: string): { readonly kernel: string; readonly case: string } {
  const slash = text.lastIndexOf('/')
  return { kernel: text.slice(0, Math.max(0, slash)), case: text.slice(slash + 1) }
}

/** The cell of a run that `text` means. `nameOf` says the kernel's id and the case's. Throws UserError for none, or several. */
export function findCell<T>(
  run: string,
  cells: readonly T[],
  nameOf: (cell: T) => { readonly kernel: string; readonly case: string },
  text: string,
): T {
  const { kernel, case: theCase } = splitCell(text)
  const found = cells.filter((cell) => {
    const name = nameOf(cell)
    return name.case === theCase && (name.kernel === kernel || name.kernel.startsWith(`debian-${kernel}-`))
  })
  const [first] = found
  if (kernel === '' || !first)
    throw new UserError(
      `run ${run} has no result ${text}`,
      'a result is named KERNEL/CASE, as in debian-6.1.170-3-cloud-amd64/uffd-fork-event',
    )
  if (found.length > 1) {
    const names = found.map(nameOf).map((name) => `${name.kernel}/${name.case}`)
    throw new UserError(`${text} names more than one result`, names.join(', '))
  }
  return first
}
