/** What of a list goes, by age, number and size: the rule that runs and entries of the cache share. */

/** Something that takes room. */
export interface Retained {
  readonly name: string
  /** Milliseconds since 1970 of its last use. */
  readonly usedAt: number
  readonly bytes: number
  /** It stays, whatever the limits say. */
  readonly isHeld: boolean
}

/** Limits; what none of them names stays. */
export interface Limits {
  /** What was last used longer ago than this goes. */
  readonly olderThanMs?: number
  /** So many of the newest stay, whatever the other limits say. Alone, all others go. */
  readonly keep?: number
  /** The oldest go until all that stays takes at most this, in bytes. */
  readonly maxBytes?: number
}

/** What goes, the oldest first. What is held counts for the size, and not among the newest. */
export function expiredOf<T extends Retained>(items: readonly T[], { olderThanMs, keep, maxBytes }: Limits, now: number): T[] {
  const oldest = items.filter(({ isHeld }) => !isHeld).toSorted((a, b) => a.usedAt - b.usedAt)
  const loose = oldest.slice(0, Math.max(0, oldest.length - (keep ?? 0)))
  if (olderThanMs === undefined && maxBytes === undefined) return keep === undefined ? [] : loose
  let left = items.reduce((sum, { bytes }) => sum + bytes, 0)
  return loose.filter(({ usedAt, bytes }) => {
    const goes = (olderThanMs !== undefined && now - usedAt > olderThanMs) || (maxBytes !== undefined && left > maxBytes)
    if (goes) left -= bytes
    return goes
  })
}
