/** Reads JSON of a known shape. What is damaged or of another program is a result, never an exception. */
import { z } from 'zod'
import type { Shape } from './shape.ts'

/** What a reading comes to: the data, or what is wrong with the text. */
export type Reading<T> =
  | { readonly value: T; readonly problem: null }
  /** `json`: it is not JSON. `shape`: it is JSON, and one or more fields are not as they must be; the text names them. */
  | { readonly value: null; readonly problem: { readonly kind: 'json' | 'shape'; readonly text: string } }

/** Read JSON text as data of this shape. */
export function parseJson<T>(shape: Shape<T>, json: string): Reading<T> {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch (error) {
    return { value: null, problem: { kind: 'json', text: error instanceof Error ? error.message : String(error) } }
  }
  const parsed = shape.safeParse(data)
  if (parsed.success) return { value: parsed.data, problem: null }
  return { value: null, problem: { kind: 'shape', text: z.prettifyError(parsed.error) } }
}

/** The data in JSON text; null where the text is not JSON, or not of this shape. */
export function readJson<T>(shape: Shape<T>, json: string): T | null {
  try {
    return readData(shape, JSON.parse(json))
  } catch {
    return null
  }
}

/** The same data, known to be of this shape; null where it is not. */
export function readData<T>(shape: Shape<T>, data: unknown): T | null {
  const parsed = shape.safeParse(data)
  return parsed.success ? parsed.data : null
}
