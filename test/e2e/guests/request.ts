/** What the tests of guests ask: one case, whose answer is known of two kernels. */
import { join } from 'node:path'
import { kernelWords, type Place } from '#test/helpers/cli.ts'

/** 5.10 lacks the fix, 6.1 carries it. */
const CASE = 'uffd-mmap-changing-atomic'

/** A place like this one with a store of its own. */
export const storeIn = (place: Place, name: string): Place => {
  const state = join(place.folder, name)
  return { ...place, state, out: join(state, 'out') }
}

/** The words that ask these kernels. */
export const request = (...ids: readonly string[]): string[] => [...kernelWords(...ids), '--cases', CASE]
