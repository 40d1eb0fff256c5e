/** What src/run/report derives from logs and changelogs and keeps: never stored as evidence, made again when rules change. */
import { z } from 'zod'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { count, list, schemaOf, text } from '../basics.ts'
import { trials } from '../control.ts'
import { endingWord, outcome, reasons } from '../judgement.ts'
import { scheduleRecord } from '../schedule.ts'
import { entries } from './timeline.ts'
import { splat, testPoint, testProblem } from '../tests.ts'

const judgement = schemaOf<AttemptJudgement>()(
  z.object({
    outcome,
    ending: endingWord,
    reasons,
    trials: trials.nullable(),
    codePath: text.nullable(),
    schedule: scheduleRecord.exactOptional(),
  }),
)

export const findingsSchema = z.object({
  judgement,
  shownReasons: reasons,
  tests: list(testPoint),
  problems: list(testProblem),
  splats: list(splat),
})

const mention = z.object({
  entry: z.object({ build: text, release: text.nullable(), subject: text, cve: list(text) }),
  does: z.enum(['applies', 'reverts']),
  position: count,
})

/** What a changelog says of some cases, without its other entries. */
export const changelogSchema = z.object({
  /** Build and series of each package version, newest first. */
  versions: list(z.tuple([text, text])),
  mentions: list(z.tuple([text, list(mention)])),
  lists: list(z.tuple([text, count])),
})

/** The changelog entries of a boundary; null where the changelog does not cover it. */
export const entriesSchema = z.object({ entries: entries.nullable() })
