/** The schema of `kwitness gaps --json` (src/domain/report/gaps.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import type { Gap, GapFix, GapKernel, GapPatch, GapReport, GapSeverity } from '#domain/report/gaps.ts'
import { count, list, schemaOf, text } from '../basics.ts'
import { claim } from '../judgement.ts'

const patch = schemaOf<GapPatch>()(
  z
    .union([z.object({ applies: z.boolean(), summary: text }), z.object({ unavailable: text })])
    .meta({ id: 'patch', description: 'Whether the upstream commit applies to the release unchanged' }),
)

const fix = schemaOf<GapFix>()(
  z
    .object({ patch: text, base: text, run: text })
    .meta({ id: 'fix', description: 'A patch that a stored verification has seen fix it' }),
)

const severity = schemaOf<GapSeverity>()(
  z
    .object({
      cve: text,
      level: text.nullable(),
      score: z.number().min(0).max(10).nullable(),
      vector: text.nullable(),
      source: text,
    })
    .meta({ id: 'severity', description: 'How severe a CVE is, as its source says it' }),
)

const gap = schemaOf<Gap>()(
  z
    .object({
      series: text,
      kernel: text,
      version: text,
      case: text,
      title: text,
      commits: list(text),
      cve: list(text),
      severity: list(severity).nullable().meta({ description: 'null where no source was asked, empty where it says nothing' }),
      mainline: text.nullable(),
      mainlineDate: text.nullable(),
      carriedBy: list(text),
      claim,
      claimSource: text,
      summary: text,
      patch: patch.nullable(),
      verified: fix.nullable(),
    })
    .meta({ id: 'gap', description: 'A fix that the newest kernel of a series lacks' }),
)

const kernel = schemaOf<GapKernel>()(
  z
    .object({ series: text, kernel: text, version: text, lacks: count, answers: count, cases: count, newer: text.nullable() })
    .meta({ id: 'kernel' }),
)

export const gapsSchema = schemaOf<GapReport>()(
  z
    .object({
      schema: z.literal('kwitness.gaps/1'),
      run: z.object({ id: text, startedAt: text }),
      kernels: list(kernel),
      gaps: list(gap),
    })
    .meta({ title: 'kwitness gaps', description: 'What the newest kernel of each supported series lacks' }),
)
