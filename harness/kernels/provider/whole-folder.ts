/** Large folders of the cache, marked by names, sizes and times of all files: one that lost or changed any is made again. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'

const MARK = '.whole'

/** One line for each file, link and folder; of folders the name alone. Hashing ten thousand contents would take seconds. */
const LINES = ['(', '-type', 'd', '-printf', '%P\\0', '-o', '-printf', '%P %y %s %T@ %l\\0', ')']

async function listingOf(folder: string): Promise<string> {
  const { stdout } = await runCommand('find', [folder, '-mindepth', '1', '-not', '-name', MARK, ...LINES], { bytes: true })
  return createHash('sha256').update(stdout.split('\0').toSorted().join('\0'), 'latin1').digest('hex')
}

/** Mark a folder as whole. */
export async function markWhole(folder: string): Promise<void> {
  await writeFile(join(folder, MARK), await listingOf(folder))
}

/** Whether a folder is as it was marked; false for one that was not. */
export async function isWhole(folder: string): Promise<boolean> {
  const mark = await readFile(join(folder, MARK), 'utf8').catch(whenUnreadable(null))
  return mark !== null && (await listingOf(folder)) === mark
}
