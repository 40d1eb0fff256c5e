/** The schema of `kwitness diff --json` (src/domain/report/diff.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import { CHANGES, type Change, type DiffEntry, type DiffRun, type DiffSide, type RunDiff } from '#domain/report/diff.ts'
import { count, list, schemaOf, sha256, text } from '../basics.ts'
import { claim, finding, verdict } from '../judgement.ts'

const change = schemaOf<Change>()(z.enum(CHANGES))

const side = schemaOf<DiffSide>()(
  z
    .object({
      kernel: text,
      image: sha256.nullable(),
      verdict,
      claim,
      claimSource: text,
      finding,
      summary: text,
      attempt: text.nullable(),
    })
    .meta({ id: 'side', description: 'What one of the two runs says' }),
)

const entry = schemaOf<DiffEntry>()(
  z
    .object({
      change,
      case: text,
      title: text,
      series: text,
      version: text,
      profile: text,
      before: side.nullable(),
      after: side.nullable(),
      summary: text,
    })
    .meta({ id: 'entry', description: 'A result that is not the same in both runs' }),
)

const diffRun = schemaOf<DiffRun>()(z.object({ id: text, startedAt: text, complete: z.boolean() }).meta({ id: 'run' }))

export const diffSchema = schemaOf<RunDiff>()(
  z
    .object({
      schema: z.literal('kwitness.diff/1'),
      before: diffRun,
      after: diffRun,
      kernels: z.object({ appeared: list(text), gone: list(text) }),
      entries: list(entry),
      counts: z.object({
        regressed: count,
        flaky: count,
        'no-longer-decided': count,
        spurious: count,
        fixed: count,
        'newly-decided': count,
        'listing-changed': count,
        gone: count,
        appeared: count,
        same: count,
      }),
    })
    .meta({ title: 'kwitness diff', description: 'Two runs of kwitness compared, result by result' }),
)
