/** Limits of what stays, from the options of a command, and sizes as people read them. */
import type { Limits } from '#analysis/retention.ts'
import { given } from '#cli/options/values.ts'

interface RetentionOptions {
  readonly olderThan?: number | undefined
  readonly keep?: number | undefined
  readonly maxSize?: number | undefined
}

/** The limits that options name; null where they name none. */
export function limitsOf({ olderThan, keep, maxSize }: RetentionOptions): Limits | null {
  const limits = given({ olderThanMs: olderThan, keep, maxBytes: maxSize })
  return Object.keys(limits).length === 0 ? null : limits
}

/** Bytes as people read them: `512 KiB`, `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** unit
  return `${unit > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}
