/** Named sets of selectors, read from vm-images/kernels.json. */
import { readFile } from 'node:fs/promises'
import { inRepository } from '../support/repository.ts'
import { UserError } from '#domain/errors.ts'

export interface KernelSet {
  /** The purpose of the set, in one sentence. */
  readonly about: string
  readonly selectors: readonly string[]
}

const FILE = inRepository('vm-images/kernels.json')

/** All sets by name. */
export async function readKernelSets(): Promise<Readonly<Record<string, KernelSet>>> {
  return JSON.parse(await readFile(FILE, 'utf8')) as Record<string, KernelSet>
}

/** The set of that name. Throws UserError that names all sets when there is none. */
export async function readKernelSet(name: string): Promise<KernelSet> {
  const sets = await readKernelSets()
  const set = Object.hasOwn(sets, name) ? sets[name] : undefined
  if (set) return set
  const names = Object.keys(sets).join(', ')
  throw new UserError(`${name} is not a set of kernels`, `choose one of: ${names}; or write a selector: debian:6.1.*`)
}
