/**
 * Golden logs: a header of labels (`WORD: rest`), a blank line, the raw log. The labels a reader gives must be the header's;
 * with UPDATE_GOLDEN=1 the header is rewritten instead. `OPTION:` labels are given to the reader and stay.
 */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

export type Describe = (raw: Uint8Array, options: readonly string[]) => string[] | Promise<string[]>

/** One test per log of a folder under test/golden. */
export function testGoldenLogs(folder: string, ending: string, describe: Describe): void {
  const path = join(import.meta.dirname, '../golden', folder)
  const files = readdirSync(path)
    .filter((file) => file.endsWith(ending) && file !== 'README.md')
    .toSorted()
  test(`${folder} has golden logs`, () => assert.notEqual(files.length, 0))
  for (const file of files) {
    test(`${folder}/${file}`, () => checkGoldenLog(join(path, file), describe))
  }
}

async function checkGoldenLog(file: string, describe: Describe): Promise<void> {
  const bytes = readFileSync(file)
  const end = bytes.indexOf('\n\n')
  assert.notEqual(end, -1, 'a golden log begins with its labels and a blank line')
  const header = bytes.subarray(0, end).toString('utf8').split('\n')
  const raw = bytes.subarray(end + 2)
  const options = header.filter((label) => label.startsWith('OPTION: '))
  const labels = [
    ...options,
    ...(await describe(
      raw,
      options.map((label) => label.slice('OPTION: '.length)),
    )),
  ]
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, Buffer.concat([Buffer.from(`${labels.join('\n')}\n\n`), raw]))
  else assert.deepEqual(header, labels)
}
