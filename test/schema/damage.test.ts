/** Every schema that reads something back, given damaged JSON: it gives data of the schema or nothing, and throws nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '#schema/basics.ts'
import { parseJson, readJson } from '#schema/read.ts'
import { assertBearsDamage } from './damaged-json.ts'
import { samples, written } from './samples.ts'

/** As a file holds it. */
const stored = (data: unknown): unknown => JSON.parse(JSON.stringify(data))

/** A hash is made over these, or over a part of them. */
const HASHED = ['recipe', 'snapshot', 'evidence']

for (const [name, { schema, data }] of Object.entries(samples)) {
  test(`${name}: what is whole is read as it was written, and what is damaged is data or nothing`, async () => {
    const any: Schema<unknown> = schema
    const read = readJson(any, JSON.stringify(data))
    assert.deepEqual(read, stored(data))
    if (HASHED.includes(name)) assert.equal(JSON.stringify(read), JSON.stringify(data), 'in its order')
    await assertBearsDamage(stored(data), (json) => {
      const { value, problem } = parseJson(any, json)
      assert.equal(value === null, problem !== null)
      if (problem !== null) return assert.notEqual(problem.text, '')
      const again = readJson(any, JSON.stringify(value))
      assert.equal(JSON.stringify(again), JSON.stringify(value), 'what a schema gives, it reads again')
    })
  })
}

for (const [name, { schema, data }] of Object.entries(written)) {
  test(`${name}: a field that it does not know is an error, and what is damaged is data or a problem in words`, async () => {
    const any: Schema<unknown> = schema
    assert.equal(parseJson(any, JSON.stringify(data)).problem, null)
    assert.match(parseJson(any, JSON.stringify({ ...data, misspelt: 1 })).problem?.text ?? '', /misspelt/)
    await assertBearsDamage(stored(data), (json) => {
      const { value, problem } = parseJson(any, json)
      assert.equal(value === null, problem !== null)
    })
  })
}
