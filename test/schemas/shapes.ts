/** The shape of what kwitness writes for programs, as zod: the JSON Schemas in reports/schemas are made from it. */
import { z } from 'zod'

const text = z.string()
const count = z.int().min(0)
const chance = z.number().min(0).max(1)
const line = z.int().min(1).nullable()
const list = <T extends z.ZodType>(shape: T) => z.array(shape).readonly()
const verdict = z.enum(['carries', 'lacks', 'unproven', 'not-applicable', 'broken', 'missing'])
const witness = z.enum(['deterministic', 'race', 'reports', 'exit-status'])
const answer = z.enum(['carries', 'lacks'])
const arch = z.enum(['x86_64', 'aarch64'])
const sha256 = text.regex(/^[0-9a-f]{64}$/)

const trials = z.strictObject({ hits: count, trials: count })
const interval = z.strictObject({ low: chance, high: chance })

const reason = z.strictObject({
  channel: z.enum(['console', 'output', 'agent', 'qemu', 'host']), line, rule: text, text
}).meta({ id: 'reason', description: 'One line of evidence behind a conclusion' })

const conditions = z.strictObject({ host: text, qemu: text, load: z.enum(['quiet', 'loaded']) })

const rate = z.strictObject({
  ...trials.shape, case: text, program: text, trigger: text.nullable(), kernel: text, series: text, profile: text, conditions,
  leansOn: text, measuredAt: text
}).meta({ id: 'rate', description: 'How often a control showed the bug, and what that was measured under' })

const race = z.strictObject({
  trigger: text.nullable(), trials, interval, control: rate.nullable(), controlInterval: interval.nullable(),
  borrowed: z.boolean(),
  missChance: chance.nullable(), bound: chance, trialsMissing: count.nullable(), words: list(text)
}).meta({ id: 'race', description: 'What the trials of a race are worth' })

const testStatus = z.enum(['pass', 'fail', 'skip', 'todo', 'xfail', 'timeout', 'error', 'missing'])

const testPoint = z.strictObject({
  number: z.int(), name: text, status: testStatus, reason: text, line: z.int().min(1).optional(), diagnostics: list(text),
  get children(): z.ZodReadonly<z.ZodArray<typeof testPoint>> {
    return list(testPoint)
  }
}).meta({ id: 'test', description: 'A (K)TAP result, with those below it' })

const testProblem = z.strictObject({
  kind: z.enum(['no-tests', 'no-plan', 'missing-result', 'cut-stream', 'unknown-directive', 'bad-number', 'protocol']),
  message: text, line
})

const splat = z.strictObject({
  rule: text, severity: z.enum(['fatal', 'oops', 'warning', 'stall', 'notice']), title: text, firstLine: count,
  lastLine: count
}).meta({ id: 'splat', description: 'A report of the kernel on its console' })

const attempt = z.strictObject({
  id: text, attempt: z.int().min(1),
  outcome: z.enum(['reproduced', 'clean', 'reported', 'skipped', 'broken', 'unrelated-crash', 'no-boot', 'infra']),
  ending: z.enum([
    'clean exit', 'panic', 'oops, went on', 'triple fault', 'guest stopped', 'case hung', 'kernel hung', 'qemu gone', 'no boot',
    'garbled', 'infra'
  ]),
  reasons: list(reason), seed: text.regex(/^\d+$/), seconds: z.number().min(0), origin: z.enum(['booted', 'restored', 'forked']),
  road: text.nullable(), qemu: text, argv: list(text), tests: list(testPoint), problems: list(testProblem), splats: list(splat),
  console: list(text), output: list(text), taint: z.strictObject({ before: z.int().nullable(), after: z.int().nullable() })
}).meta({ id: 'attempt', description: 'One run of one reproducer in one pristine guest' })

const kernel = z.strictObject({
  id: text, provider: z.enum(['debian', 'file', 'tree']), version: text, series: text, build: text, flavour: text, arch,
  release: text.nullable(), sha256: sha256.nullable()
}).meta({ id: 'kernel', description: 'One bootable build' })

const control = z.strictObject({
  kernel: text, base: text, line: text, fix: text, kind: z.enum(['bad', 'good']), case: text, blinds: list(text), because: text
}).meta({ id: 'control', description: 'A kernel whose answer is known' })

const fix = z.strictObject({ commit: text.nullable(), subject: text, fixes: list(text), cve: list(text) })

const theCase = z.strictObject({
  id: text, title: text, subsystem: text, symptom: text, witness, fixes: list(fix),
  introduced: text.nullable(), references: list(text)
}).meta({ id: 'case', description: 'One fix under study' })

const cell = z.strictObject({
  kernel: text, case: text, profile: text, verdict, claim: z.enum(['carried', 'missing', 'unknown']), claimSource: text,
  finding: z.enum(['agrees', 'claimed-but-lacks', 'carried-unclaimed', 'unproven']), because: text, reasons: list(reason),
  trials: trials.nullable(), missChance: chance.nullable(), race: race.nullable(), attempts: list(attempt)
}).meta({ id: 'cell', description: 'What a kernel says about a case, held against the paperwork' })

const untested = z.strictObject({
  kernel: text, version: text, why: z.enum(['unproven', 'not-applicable', 'broken', 'missing', 'not asked', 'gone'])
}).meta({ id: 'untested', description: 'A kernel that gave no answer to a case, though it is known to be there' })

const entry = z.strictObject({
  build: text, release: text.nullable(), subject: text, cve: list(text), about: z.enum(['fix', 'revert', 'cve', 'names'])
}).meta({ id: 'entry', description: 'A line of a package changelog' })

const entries = z.strictObject({ source: text, listed: list(entry), more: count })
  .meta({ id: 'entries', description: 'What a package changelog lists between two kernels that is about the names of a fix' })

const contradiction = z.strictObject({
  finding: z.enum(['claimed-but-lacks', 'carried-unclaimed']), case: text, series: text,
  cells: list(z.strictObject({ kernel: text, claimSource: text }))
}).meta({ id: 'contradiction', description: 'Cells of one case and series whose verdict contradicts the paperwork' })

const boundary = z.strictObject({
  case: text, series: text, before: text, after: text, from: verdict, to: verdict, untested: list(untested).nullable(),
  entries: entries.nullable(), confidence: z.enum(['exact', 'ranged']), missChance: chance.nullable(),
  bisect: z.tuple([text, text]).readonly().nullable()
}).meta({ id: 'boundary', description: 'Neighbouring tested kernels between which the verdict flips' })

const stretch = z.strictObject({ verdict: answer, first: text, last: text, tested: count, untested: count.nullable() })

const history = z.strictObject({
  case: text, series: text, flavour: text, arch, stretches: list(stretch), earlier: list(untested), later: list(untested),
  known: count.nullable()
}).meta({ id: 'history', description: 'All that the kernels of a series, of one flavour, say about a case' })

const host = z.strictObject({ kernel: text, qemu: text, cpus: z.int().min(1), accelerator: text })

export const report = z.strictObject({
  schema: z.literal('kwitness.report/1'),
  run: z.strictObject({ id: text, startedAt: text, complete: z.boolean(), seed: text, host }),
  headline: list(contradiction), kernels: list(kernel), controls: list(control), cases: list(theCase), cells: list(cell),
  boundaries: list(boundary),
  histories: list(history),
  counts: z.strictObject({
    carries: count, lacks: count, unproven: count, 'not-applicable': count, broken: count, missing: count
  })
}).meta({ title: 'kwitness report', description: 'A run of kwitness: which kernels carry which fix, with all the evidence' })

const ranged = z.union([text.regex(/^≤?\S+$/), z.literal(false), z.null()])

const statement = z.strictObject({
  introduced: ranged, carried_since: ranged, removed: text.regex(/^≤?\S+$/).nullable(), last_without: text.nullable(),
  last_with: text.nullable(), tested: count, known: count.nullable(), notes: list(text),
  evidence: list(z.strictObject({ kernel: text, verdict, attempt: text.nullable() }))
}).meta({
  id: 'statement',
  description: 'A row of kernels that carry the fix, or what is known where none does; ≤ is said of a value that may be lower'
})

const compatFix = z.strictObject({
  title: text, subsystem: text, symptom: text, witness, references: list(text),
  commits: list(text), subjects: list(text), cve: list(text), introduced: text.nullable(),
  support: z.record(text, z.record(text, list(statement)))
})

export const compat = z.strictObject({
  schema: z.literal('kwitness.bcd/1'),
  run: z.strictObject({ id: text, startedAt: text, complete: z.boolean() }),
  fixes: z.record(text, compatFix)
}).meta({ title: 'kwitness compatibility data', description: 'For each fix and series of kernels since when it is carried' })

/** The parts, each by its own name: types that lie deep in others are compared by themselves. */
export const parts = {
  attempt, boundary, cell, compatFix, conditions, contradiction, control, entries, entry, fix, history, kernel,
  race, rate, reason, splat, statement, stretch,
  testPoint, testProblem, theCase, untested
}
