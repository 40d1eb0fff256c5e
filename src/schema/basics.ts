/** What schemas are made of, and how the compiler compares a schema with the type of the data it describes. */
import { z } from 'zod'

/** A schema that gives data of this type. */
export type Schema<T> = z.ZodType<T>

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T

/** The type of the data that a schema gives, which is read-only. */
export type DataOf<S extends z.ZodType> = Frozen<z.output<S>>

/** No field optional: one that only one of two types has is a difference, even where it may be left out. */
type Whole<T> = T extends readonly (infer Item)[]
  ? readonly Whole<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: Whole<Exclude<T[Key], undefined>> }
    : T

export type Same<A, B> = [Whole<A>] extends [Whole<B>] ? ([Whole<B>] extends [Whole<A>] ? true : false) : false

/** What the compiler asks for, in vain, where a type and its schema have drifted apart. */
interface DriftedFrom<T> {
  readonly driftedFrom: T
}

/**
 * Gives the schema as it is. The call compiles only if the schema describes the data of this type, all of it and nothing else.
 * The compiler compares types three levels deep, so each type that lies deeper has a call of its own.
 */
export const schemaOf =
  <T>() =>
  <S extends z.ZodType>(schema: S & (Same<T, z.output<S>> extends true ? unknown : DriftedFrom<T>)): S =>
    schema

export const text = z.string()
export const count = z.int().min(0)
/** A probability, or a share of a whole. */
export const probability = z.number().min(0).max(1)
export const seconds = z.number().min(0)
export const sha256 = text.regex(/^[0-9a-f]{64}$/)
/** Unsigned 64-bit, decimal. */
export const seed = text.regex(/^\d+$/)
export const list = <S extends z.ZodType>(schema: S) => z.array(schema).readonly()
/** JSON of any kind. */
export const anything = z.unknown()
