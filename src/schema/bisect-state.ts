/** The state of a bisection as src/run/bisect/state.ts keeps it on disk. */
import { z } from 'zod'
import type { BisectRequest, BisectStep } from '#domain/report/bisect.ts'
import { probability, list, schemaOf, text } from './basics.ts'
import { caseSchema } from './case.ts'
import { rateSchema, trials } from './control.ts'
import { outcome, reasons, verdict } from './judgement.ts'
import { bisectPlan } from './plan.ts'

const step = schemaOf<BisectStep>()(
  z.object({
    commit: text,
    subject: text,
    role: z.enum(['old-end', 'new-end', 'between']),
    answer: z.enum([
      'shows-bug',
      'no-bug',
      'does-not-build',
      'does-not-boot',
      'crashed',
      'case-error',
      'not-applicable',
      'inconclusive',
    ]),
    errorProbability: probability,
    summary: text,
    reasons,
    verdict: verdict.nullable(),
    trials: trials.nullable(),
    attempts: list(z.object({ outcome, seconds: z.number() })),
    kernel: text.nullable(),
    run: text.nullable(),
    binary: text.nullable(),
    sameAs: text.nullable(),
    startedAt: text,
    buildSeconds: z.number(),
    testSeconds: z.number(),
  }),
)

const namedCommit = z.object({ name: text, commit: text })

const request = schemaOf<BisectRequest>()(
  z.object({
    tree: text,
    old: namedCommit,
    new: namedCommit,
    paths: list(text),
    firstParent: z.boolean(),
    terms: z.object({ old: text, new: text }),
    knownMarks: z.object({ old: list(text), skip: list(text) }),
    case: caseSchema,
    configs: list(text),
    seed: text,
    maxMissProbability: probability,
    raceSeconds: z.number(),
  }),
)

export const bisectStateSchema = z.object({
  schema: z.literal('kwitness.bisect-state/1'),
  id: text,
  startedAt: text,
  finished: z.boolean(),
  /** Word of the process that is at it. */
  owner: text.nullable(),
  request,
  /** Absolute path of the folder for the report; its usual place when not given. */
  out: text.exactOptional(),
  /** The plan of every run, but for its kernels; null before the first, and for that of another kwitness: it is made again. */
  plan: bisectPlan.nullable().catch(null),
  target: z.enum(['bug', 'fix']).nullable(),
  rates: list(rateSchema),
  /** In chronological order. A resume marks all of them in git again. */
  steps: list(step),
  /** Stored runs by their purpose, so that a resume continues a killed run. */
  runs: z.record(text, text),
})
