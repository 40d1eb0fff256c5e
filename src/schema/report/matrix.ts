/** The schema of `kwitness report --json` (src/domain/report/file.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import type { CaseContradiction, Contradiction, ReportCase, ReportKernel, Reused } from '#domain/report/matrix.ts'
import type { FileAttempt, FileCell, Machine, ReportFile } from '#domain/report/file.ts'
import { fix, oracle } from '../case.ts'
import { control, race, trials } from '../control.ts'
import { claim, endingWord, finding, fixStatus, outcome, reasons, verdict } from '../judgement.ts'
import { kernelSchema } from '../kernel.ts'
import { fileSchedule } from '../schedule.ts'
import { checkedHost, runHostSchema } from '../run.ts'
import { count, list, probability, schemaOf, seconds, seed, sha256, text } from '../basics.ts'
import { fileTest, splat, testProblem } from '../tests.ts'
import { boundary, timeline, untested } from './timeline.ts'

const machine = schemaOf<Machine>()(
  z
    .object({
      qemu: text,
      argv: list(text),
      bootMethod: text.nullable(),
      origin: z.enum(['booted', 'restored', 'forked', 'running']),
    })
    .meta({ id: 'machine', description: 'How the guests of attempts came to be' }),
)

const attempt = schemaOf<FileAttempt>()(
  z
    .object({
      id: text,
      attempt: z.int().min(1),
      outcome,
      ending: endingWord,
      reasons: count.exactOptional(),
      seed,
      seconds,
      machine: count,
      tests: count.exactOptional(),
      problems: list(testProblem).exactOptional(),
      splats: list(splat).exactOptional(),
      console: count.exactOptional(),
      output: count.exactOptional(),
      taint: z.object({ before: z.int().nullable(), after: z.int().nullable() }).exactOptional(),
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

const reused = schemaOf<Reused>()(
  z
    .object({ run: text, at: text })
    .meta({ id: 'reused', description: 'The earlier run that made the attempts, and when the last of them started' }),
)

const cell = schemaOf<FileCell>()(
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
      reasons: count,
      trials: trials.nullable().exactOptional(),
      missProbability: probability.nullable().exactOptional(),
      race: race.nullable().exactOptional(),
      schedule: fileSchedule.exactOptional(),
      reused: reused.exactOptional(),
      attempts: list(attempt),
    })
    .meta({ id: 'cell', description: 'What a kernel says about a case, compared with the claim sources' }),
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

export const caseContradiction = schemaOf<CaseContradiction>()(
  z
    .object({
      case: text,
      series: text,
      kind: z.enum([
        'other-release',
        'not-in-list',
        'taken-out',
        'not-in-base',
        'series-missing',
        'listed-after-all',
        'git-tree',
      ]),
      release: text.nullable(),
      listed: text.nullable(),
      summary: text,
      source: text,
    })
    .meta({ id: 'caseContradiction', description: 'What case.json says of a series, contradicted by another claim source' }),
)

export const reportSchema = schemaOf<ReportFile>()(
  z
    .object({
      schema: z.literal('kwitness.report/2'),
      run: z.object({ id: text, startedAt: text, complete: z.boolean(), seed: text, host: runHostSchema }),
      headline: list(contradiction),
      caseContradictions: list(caseContradiction),
      kernels: list(reportKernel),
      hosts: list(checkedHost).exactOptional(),
      controls: list(control),
      cases: list(reportCase),
      cells: list(cell),
      boundaries: list(boundary),
      timelines: list(timeline),
      machines: list(machine),
      tests: list(list(fileTest)),
      reasons: list(reasons),
      symbols: list(text),
      untested: list(list(untested)),
      logs: list(list(text)).exactOptional(),
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
