/** What is left of the template in a case. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CATALOGUE, readCatalogue } from '#run/prepare/catalogue.ts'
import { findPlaceholders, placeholderLines } from '#run/prepare/placeholders.ts'
import { join } from 'node:path'

test('the template holds placeholders in both of its files, and no case of the catalogue holds any', async () => {
  const template = await findPlaceholders(join(CATALOGUE, '_template'))
  assert.deepEqual([...new Set(template.map(({ file }) => file))], ['case.json', 'repro.c'])
  for (const { folder } of await readCatalogue(CATALOGUE)) assert.deepEqual(await findPlaceholders(folder), [], folder)
})

test('a placeholder is the word alone', () => {
  assert.deepEqual(placeholderLines('a\nPLACEHOLDER: b\nPLACEHOLDERS\n/* PLACEHOLDER */'), [2, 4])
})
