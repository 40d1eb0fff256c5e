/** Schemas of src/domain/report/verify.ts: how a patch applies to each base, as a plan keeps it. */
import { z } from 'zod'
import type { HunkTry, MissingOptions, PatchTry, VerifyBase, VerifyPlan, VerifyStep } from '#domain/report/verify.ts'
import { list, schemaOf, text } from './basics.ts'
import { arch } from './kernel.ts'

const patch = z.object({ name: text, subject: text, commits: list(text) })

const commit = z.object({ hash: text, subject: text })

const hunk = schemaOf<HunkTry>()(
  z.object({
    file: text,
    hunk: z.int(),
    line: z.int(),
    lines: z.int(),
    heading: text,
    state: z.enum(['applied', 'rejected', 'already-present']),
    offset: z.int(),
    fuzz: z.int(),
    why: text.nullable(),
    prerequisites: list(commit).nullable(),
  }),
)

const patchTry = schemaOf<PatchTry>()(
  z.object({
    ...patch.shape,
    result: z.enum(['cleanly', 'with-fuzz', 'with-conflicts', 'already-applied', 'already-in-other-form']),
    hunks: list(hunk),
  }),
)

const step = schemaOf<VerifyStep>()(
  z.object({
    upTo: z.int(),
    kernel: text,
    buildError: text.nullable(),
    log: text.nullable(),
    warnings: list(z.object({ file: text, message: text })).nullable(),
  }),
)

const missingOptions = schemaOf<MissingOptions>()(z.object({ case: text, options: list(text), debian: text.nullable() }))

const base = schemaOf<VerifyBase>()(
  z.object({
    label: text,
    kernel: text,
    version: text,
    arch,
    trouble: text.nullable(),
    missingOptions: list(missingOptions).optional(),
    tries: list(patchTry),
    exact: text.nullable(),
    steps: list(step),
  }),
)

export const verifyPlan = schemaOf<VerifyPlan>()(
  z.object({ patches: list(patch), targets: list(text), bases: list(base), each: z.boolean() }),
)
