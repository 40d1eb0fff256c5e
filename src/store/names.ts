/** Names of runs and attempts: short, sortable by eye, safe as folder names. */
import { createHash } from 'node:crypto'
import { InvariantError } from '#domain/errors.ts'
import type { Job } from '#domain/job.ts'
import { profileName } from '#domain/profile.ts'

/** The next free name for a run that starts at this ISO time: its UTC day and a number. */
export function nextRunId(startedAt: string, taken: readonly string[]): string {
  const time = new Date(startedAt)
  if (Number.isNaN(time.getTime())) throw new InvariantError(`a run cannot start at ${startedAt}`)
  const day = time.toISOString().slice(0, 10)
  const numbers = taken.filter((id) => id.startsWith(`${day}-`)).map((id) => Number(id.slice(day.length + 1)))
  return `${day}-${Math.max(0, ...numbers) + 1}`
}

/**
 * The name of an attempt inside its run: kernel, case, eight digits for the profile (whose full name can be long),
 * ordinal. The same job has the same name wherever it is carried out.
 */
export function attemptId(job: Job): string {
  const profile = createHash('sha256').update(profileName(job.profile)).digest('hex').slice(0, 8)
  const id = `${job.kernel}.${job.case}.${profile}.${job.attempt}`
  if (!/^[A-Za-z0-9][\w.+~-]*$/.test(id) || id.length > 200) throw new InvariantError(`${id} cannot name a folder`)
  return id
}
