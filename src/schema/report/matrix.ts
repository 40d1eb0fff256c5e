/** The schema of `kwitness report --json` (src/domain/report/matrix.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import type {
  Boundary,
  BoundaryEntries,
  BoundaryEntry,
  Contradiction,
  Timeline,
  Report,
  ReportAttempt,
  ReportCase,
  ReportCell,
  ReportKernel,
  TimelineInterval,
  Untested,
} from '#domain/report/matrix.ts'
import { fix, oracle } from '../case.ts'
import { control, race, trials } from '../control.ts'
import { claim, endingWord, finding, fixStatus, outcome, reasons, verdict } from '../judgement.ts'
import { arch, kernelSchema } from '../kernel.ts'
import { probability, count, list, seconds, seed, sha256, schemaOf, text } from '../basics.ts'
import { splat, testPoint, testProblem } from '../tests.ts'

const attempt = schemaOf<ReportAttempt>()(
  z
    .object({
      id: text,
      attempt: z.int().min(1),
      outcome,
      ending: endingWord,
      reasons,
      seed,
      seconds,
      origin: z.enum(['booted', 'restored', 'forked']),
      bootMethod: text.nullable(),
      qemu: text,
      argv: list(text),
      tests: list(testPoint),
      problems: list(testProblem),
      splats: list(splat),
      console: list(text),
      output: list(text),
      taint: z.object({ before: z.int().nullable(), after: z.int().nullable() }),
    })
    .meta({ id: 'attempt', description: 'One run of one reproducer in one pristine guest' }),
)

const reportKernel = schemaOf<ReportKernel>()(
  z
    .object({ ...kernelSchema.shape, release: text.nullable(), sha256: sha256.nullable() })
    .meta({ id: 'kernel', description: 'One bootable build' }),
)

const reportCase = schemaOf<ReportCase>()(
  z
    .object({
      id: text,
      title: text,
      subsystem: text,
      symptom: text,
      oracle,
      fixes: list(fix),
      introduced: text.nullable(),
      references: list(text),
    })
    .meta({ id: 'case', description: 'One fix under study' }),
)

const cell = schemaOf<ReportCell>()(
  z
    .object({
      kernel: text,
      case: text,
      profile: text,
      verdict,
      status: fixStatus,
      claim,
      claimSource: text,
      finding,
      summary: text,
      reasons,
      trials: trials.nullable(),
      missProbability: probability.nullable(),
      race: race.nullable(),
      attempts: list(attempt),
    })
    .meta({ id: 'cell', description: 'What a kernel says about a case, compared with the claim sources' }),
)

const untested = schemaOf<Untested>()(
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

const entries = schemaOf<BoundaryEntries>()(
  z
    .object({ source: text, listed: list(entry), more: count })
    .meta({ id: 'entries', description: 'What a package changelog lists between two kernels that is about the names of a fix' }),
)

const contradiction = schemaOf<Contradiction>()(
  z
    .object({
      finding: z.enum(['listed-still-affected', 'fixed-not-listed']),
      case: text,
      series: text,
      cells: list(z.object({ kernel: text, claimSource: text })),
    })
    .meta({ id: 'contradiction', description: 'Cells of one case and series whose verdict contradicts the claim sources' }),
)

const boundary = schemaOf<Boundary>()(
  z
    .object({
      case: text,
      series: text,
      before: text,
      after: text,
      from: verdict,
      to: verdict,
      untested: list(untested).nullable(),
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

const timeline = schemaOf<Timeline>()(
  z
    .object({
      case: text,
      series: text,
      flavour: text,
      arch,
      intervals: list(timelineInterval),
      earlier: list(untested),
      later: list(untested),
      known: count.nullable(),
    })
    .meta({ id: 'timeline', description: 'What the kernels of one series and flavour showed for a case, in version order' }),
)

/** The host of a run, as the report and the store have it. */
export const runHostSchema = schemaOf<Report['run']['host']>()(
  z.object({ kernel: text, qemu: text, cpus: z.int().min(1), accelerator: text }),
)

export const reportSchema = schemaOf<Report>()(
  z
    .object({
      schema: z.literal('kwitness.report/1'),
      run: z.object({ id: text, startedAt: text, complete: z.boolean(), seed: text, host: runHostSchema }),
      headline: list(contradiction),
      kernels: list(reportKernel),
      controls: list(control),
      cases: list(reportCase),
      cells: list(cell),
      boundaries: list(boundary),
      timelines: list(timeline),
      counts: z.object({
        carries: count,
        lacks: count,
        inconclusive: count,
        'not-applicable': count,
        error: count,
        'no-result': count,
      }),
    })
    .meta({ title: 'kwitness report', description: 'A run of kwitness: which kernels carry which fix, with all the evidence' }),
)
