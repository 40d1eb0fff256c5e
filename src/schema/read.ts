/** Reads JSON of a known schema. What is damaged or of another program is a result, never an exception. */
import { z } from 'zod'
import type { Schema } from './basics.ts'

/** What a reading comes to: the data, or what is wrong with the text. */
export type Reading<T> =
  | { readonly value: T; readonly problem: null }
  /** `json`: it is not JSON. `schema`: it is JSON, and one or more fields are not as they must be; the text names them. */
  | { readonly value: null; readonly problem: { readonly kind: 'json' | 'schema'; readonly text: string } }

/** Read JSON text as data of this schema. */
export function parseJson<T>(schema: Schema<T>, json: string): Reading<T> {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch (error) {
    return { value: null, problem: { kind: 'json', text: error instanceof Error ? error.message : String(error) } }
  }
  const parsed = schema.safeParse(data)
  if (parsed.success) return { value: parsed.data, problem: null }
  return { value: null, problem: { kind: 'schema', text: z.prettifyError(parsed.error) } }
}

/** The data in JSON text; null where the text is not JSON, or not of this schema. */
export function readJson<T>(schema: Schema<T>, json: string): T | null {
  try {
    return readData(schema, JSON.parse(json))
  } catch {
    return null
  }
}

/** The same data, known to be of this schema; null where it is not. */
export function readData<T>(schema: Schema<T>, data: unknown): T | null {
  const parsed = schema.safeParse(data)
  return parsed.success ? parsed.data : null
}

/** The same data, known to be of this schema, or what is wrong with it in a few lines. */
export function parseData<T>(
  schema: Schema<T>,
  data: unknown,
): { readonly value: T; readonly problem: null } | { readonly value: null; readonly problem: string } {
  const parsed = schema.safeParse(data)
  return parsed.success ? { value: parsed.data, problem: null } : { value: null, problem: z.prettifyError(parsed.error) }
}
