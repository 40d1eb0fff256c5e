/** Named sets of selectors, read from vm-images/kernels.json. */
import { readFile } from 'node:fs/promises'
import { inRepository } from '../support/repository.ts'
import { UserError } from '#domain/errors.ts'
import { kernelSetsSchema, type KernelSet } from '#schema/catalogue/kernel-sets.ts'
import { parseJson } from '#schema/read.ts'

const FILE = inRepository('vm-images/kernels.json')

/** All sets by name. Throws UserError for a file that is damaged: it is meant to be edited. */
export async function readKernelSets(file: string = FILE): Promise<Readonly<Record<string, KernelSet>>> {
  const { value, problem } = parseJson(kernelSetsSchema, await readFile(file, 'utf8'))
  if (problem === null) return value
  throw new UserError(`${file} is not a valid list of kernel sets:\n${problem.text}`)
}

/** The set of that name. Throws UserError that names all sets when there is none. */
export async function readKernelSet(name: string): Promise<KernelSet> {
  const sets = await readKernelSets()
  const set = Object.hasOwn(sets, name) ? sets[name] : undefined
  if (set) return set
  const names = Object.keys(sets).join(', ')
  throw new UserError(`${name} is not a set of kernels`, `choose one of: ${names}; or write a selector: debian:6.1.*`)
}
