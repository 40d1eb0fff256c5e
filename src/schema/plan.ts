/** Schemas of the plans of stored runs. src/plan/stored-plan.ts holds them against the types of src/plan/plan.ts. */
import { z } from 'zod'
import type { KnownKernel } from '#domain/kernel.ts'
import type { PlannedSuite } from '#domain/report/suite.ts'
import { probability, list, schemaOf, seed, text, type DataOf } from './basics.ts'
import { caseSchema } from './case.ts'
import { control, rateSchema } from './control.ts'
import { profileAccelerator as accelerator } from './evidence.ts'
import { checkedHost } from './run.ts'
import { kernelSchema } from './kernel.ts'
import { verifyPlan } from './verify.ts'

const listing = list(schemaOf<KnownKernel>()(z.object({ ...kernelSchema.shape, notOnMirror: z.boolean() }))).nullable()
const estimates = z.record(text, z.number())

/** The tables of suites that people write are catalogue/suite.ts. */
const plannedSuite = schemaOf<PlannedSuite>()(
  z.object({
    name: text,
    tree: z.object({ label: text, version: text, selector: text, key: text }),
    programs: z.record(text, text),
    notInTree: list(text),
    leftOut: list(z.object({ program: text, why: text })),
  }),
)

const controls = list(control)
const measure = z.object({ attempts: z.int().min(1), seconds: z.number() })
const args = z.record(text, list(text))

/** What plans of every version say. */
const always = {
  seed,
  kernels: list(kernelSchema),
  cases: list(caseSchema),
  accelerator,
  bootSeconds: z.number(),
  noSnapshot: z.boolean(),
  noFork: z.boolean().exactOptional(),
  userland: text.exactOptional(),
}

const common = {
  schema: z.literal('kwitness.plan/2'),
  ...always,
  out: text.exactOptional(),
  rates: list(rateSchema),
  maxMissProbability: probability,
  raceSeconds: z.number(),
  estimates,
  listing,
}

export const bisectPlan = z.object({ ...common, kind: z.literal('bisect'), controls, measure: measure.nullable() })

export const planSchema = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('matrix'), hosts: list(checkedHost).exactOptional() }),
  z.object({ ...common, kind: z.literal('search') }),
  z.object({ ...common, kind: z.literal('check'), hosts: list(checkedHost) }),
  z.object({ ...common, kind: z.literal('controls'), controls }),
  z.object({ ...common, kind: z.literal('sweep'), controls, measure, args }),
  z.object({ ...common, kind: z.literal('suite'), suite: plannedSuite, args }),
  z.object({ ...common, kind: z.literal('verify'), verify: verifyPlan, controls }),
  bisectPlan,
])

/** A plan of builds before 0.1.0: one schema for every kind. Fields that its build did not know are absent. */
export const planVersion1Schema = z.object({
  schema: z.literal('kwitness.plan/1'),
  ...always,
  rates: list(rateSchema).exactOptional(),
  bound: probability.exactOptional(),
  raceSeconds: z.number().exactOptional(),
  expected: estimates.exactOptional(),
  listing: listing.exactOptional(),
  controls: controls.exactOptional(),
  measure: measure.nullable().exactOptional(),
  args: args.exactOptional(),
  search: z.boolean().exactOptional(),
  suite: plannedSuite.nullable().exactOptional(),
  verify: verifyPlan.nullable().exactOptional(),
})

export type PlanVersion1 = DataOf<typeof planVersion1Schema>
