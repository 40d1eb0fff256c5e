/** Schemas of the boundaries and timelines of a report (src/domain/report/file.ts). */
import { z } from 'zod'
import type { FileBoundary, FileTimeline } from '#domain/report/file.ts'
import type { BoundaryEntries, BoundaryEntry, TimelineInterval, Untested } from '#domain/report/matrix.ts'
import { count, list, probability, schemaOf, text } from '../basics.ts'
import { verdict } from '../judgement.ts'
import { arch } from '../kernel.ts'

export const untested = schemaOf<Untested>()(
  z
    .object({
      kernel: text,
      version: text,
      reason: z.enum(['inconclusive', 'not-applicable', 'error', 'no-result', 'not-tested', 'not-on-mirror']),
    })
    .meta({ id: 'untested', description: 'A kernel that gave no answer to a case, though it is known to be there' }),
)

const entry = schemaOf<BoundaryEntry>()(
  z
    .object({
      build: text,
      release: text.nullable(),
      subject: text,
      cve: list(text),
      about: z.enum(['fix', 'revert', 'cve', 'names']),
    })
    .meta({ id: 'entry', description: 'A line of a package changelog' }),
)

export const entries = schemaOf<BoundaryEntries>()(
  z
    .object({ source: text, listed: list(entry), more: count })
    .meta({ id: 'entries', description: 'What a package changelog lists between two kernels that is about the names of a fix' }),
)

export const boundary = schemaOf<FileBoundary>()(
  z
    .object({
      case: text,
      series: text,
      before: text,
      after: text,
      from: verdict,
      to: verdict,
      untested: count.nullable(),
      entries: entries.nullable(),
      precision: z.enum(['adjacent', 'untested-between']),
      missProbability: probability.nullable(),
      bisect: z.tuple([text, text]).readonly().nullable(),
    })
    .meta({ id: 'boundary', description: 'Neighbouring tested kernels with different verdicts' }),
)

const timelineInterval = schemaOf<TimelineInterval>()(
  z.object({ verdict: z.enum(['carries', 'lacks']), first: text, last: text, tested: count, untested: count.nullable() }),
)

export const timeline = schemaOf<FileTimeline>()(
  z
    .object({
      case: text,
      series: text,
      flavour: text,
      arch,
      intervals: list(timelineInterval),
      earlier: count,
      later: count,
      known: count.nullable(),
    })
    .meta({ id: 'timeline', description: 'What the kernels of one series and flavour showed for a case, in version order' }),
)
