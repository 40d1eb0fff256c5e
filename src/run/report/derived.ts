/** What reports derive from evidence and changelogs, kept by names that change with the rules and with all it is made of. */
import { createHash } from 'node:crypto'
import { inRepository } from '#harness/support/repository.ts'
import { hashSources } from '#harness/support/hash.ts'
import type { Schema } from '#schema/basics.ts'
import { readJson } from '#schema/read.ts'
import type { TextCache } from '#store/derived/text-cache.ts'

/** Folders whose code decides what is derived. */
const RULES = ['console', 'verdict', 'domain', 'schema', 'analysis', 'run/report'].map((name) => inRepository('src', name))

let rules: Promise<string> | null = null

export interface Derived {
  /** What was made before of these parts; null where nothing was, or it is damaged. */
  readonly read: <T>(kind: string, parts: readonly unknown[], schema: Schema<T>) => T | null
  /** Keep what was made of these parts, as JSON. */
  readonly keep: (kind: string, parts: readonly unknown[], value: unknown) => void
  /** Store what was kept so far. */
  readonly flush: () => void
}

/** What the store has derived by the rules of this code. */
export async function openDerived(cache: TextCache): Promise<Derived> {
  rules ??= hashSources(RULES)
  const version = await rules
  const kept = new Map<string, string>()
  const nameOf = (kind: string, parts: readonly unknown[]): string => {
    const hash = createHash('sha256').update(JSON.stringify([version, parts]))
    return `${kind} ${hash.digest('base64url')}`
  }
  return {
    read: (kind, parts, schema) => {
      const json = cache.read(nameOf(kind, parts))
      return json === null ? null : readJson(schema, json)
    },
    keep: (kind, parts, value) => void kept.set(nameOf(kind, parts), JSON.stringify(value)),
    flush: () => {
      if (kept.size > 0) cache.write(kept)
      kept.clear()
    },
  }
}
