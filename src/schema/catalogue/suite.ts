/** The schema of the tables in harness/suites: the programs of a suite, and how upstream's runner calls them. */
import { z } from 'zod'
import { machine, release, sentence, timing, words } from './fields.ts'

const setup = z.strictObject({
  hugePages: z.int().min(0).default(0),
  hugetlbfs: z
    .string()
    .regex(/^\.\/\w+$/, 'a folder beside the program, as ./huge')
    .nullable()
    .default(null),
  user: z.int().min(0).default(0),
})

const program = z
  .strictObject({
    id: z.string().regex(/^[a-z][\w-]*$/, 'a name that a cell can have'),
    program: z.string().regex(/^[\w-]+$/),
    source: z.string().optional(),
    args: words.default([]),
    exitStatus: z.boolean().default(false),
    since: release.nullable().default(null),
    setup: setup.prefault({}),
    needs: z.strictObject(machine),
    timing,
  })
  .transform(({ needs: { cpus, memoryMiB }, ...rest }) => ({ ...rest, source: rest.source ?? rest.program, cpus, memoryMiB }))

export const suiteFileSchema = z
  .strictObject({
    about: sentence,
    name: z.string().regex(/^\w+:\w+$/, 'a name such as kselftest:mm'),
    folders: words.min(1),
    programs: z.array(program).min(1),
    leftOut: z.array(z.strictObject({ program: sentence, why: sentence })),
  })
  .refine(({ programs }) => new Set(programs.map(({ id }) => id)).size === programs.length, 'a suite has each id once')
