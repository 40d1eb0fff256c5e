/** JSON as a bad disk, a killed writer or another program leaves it, made of valid data. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'

type Path = readonly (string | number)[]

/** The place of every value in some data, the whole among them. */
function pathsIn(data: unknown, path: Path = []): Path[] {
  if (typeof data !== 'object' || data === null) return [path]
  const keys = Array.isArray(data) ? [...data.keys()] : Object.keys(data)
  const under = keys.flatMap((key) => pathsIn((data as Record<string | number, unknown>)[key], [...path, key]))
  return [path, ...under]
}

/** The data with another value at that place; without the place where the value is undefined. */
function withAt(data: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(data)) return data.map((item, index) => (index === key ? withAt(item, rest, value) : item))
  const own = data as Record<string, unknown>
  return { ...own, [key]: withAt(own[key], rest, value) }
}

/** Texts that valid data becomes: one value of it replaced or left out, the text cut or one character of it changed. */
function damagedJson(valid: unknown): fc.Arbitrary<string> {
  const json = JSON.stringify(valid)
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(undefined, null, '', '../..', -1, 1e300, [], {}))
  const replaced = fc
    .tuple(fc.constantFrom(...pathsIn(valid)), value)
    .map(([path, other]) => JSON.stringify(withAt(valid, path, other)) ?? '')
  const cut = fc.nat({ max: json.length - 1 }).map((length) => json.slice(0, length))
  const changed = fc
    .tuple(fc.nat({ max: json.length - 1 }), fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }))
    .map(([at, character]) => json.slice(0, at) + character + json.slice(at + 1))
  return fc.oneof({ weight: 4, arbitrary: replaced }, { weight: 1, arbitrary: cut }, { weight: 1, arbitrary: changed })
}

/** Read damaged JSON many times over. Fails when a reading throws anything but the three errors of src/domain/errors.ts. */
export async function assertBearsDamage(valid: unknown, read: (json: string) => unknown, numRuns = 200): Promise<void> {
  const property = fc.asyncProperty(damagedJson(valid), async (json) => {
    try {
      await read(json)
    } catch (error) {
      const known = error instanceof UserError || error instanceof InfraError || error instanceof InvariantError
      assert.ok(known, `${json}\n${error instanceof Error ? error.stack : error}`)
    }
  })
  await fc.assert(property, { numRuns })
}
