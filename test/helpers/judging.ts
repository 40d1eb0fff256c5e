/** Small evidence, readings and cases to judge, each with the one thing changed that a test is about. */
import type { Case } from '#domain/case.ts'
import type { Conditions, ControlRate, Trials } from '#domain/control.ts'
import type { CaseExit, Ending, Evidence } from '#domain/evidence.ts'
import type { Outcome } from '#domain/judgement.ts'
import type { BoundaryRun } from '#domain/race/schedule.ts'
import type { ConsoleReading, Splat, SplatSeverity } from '#domain/splat.ts'
import type { TestDocument, TestPoint, TestStatus, TestStream } from '#domain/tests.ts'
import type { Reading } from '#verdict/attempt/facts.ts'
import type { CellInput } from '#verdict/race/standing.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'

/** A case for tests that need one and do not care which. */
export function sampleCase(id: string, changes: Partial<Case> = {}): Case {
  return {
    id,
    title: `${id}, as the tests know it`,
    subsystem: 'mm/userfaultfd',
    fixes: [{ commit: '0123456789ab', subject: `mm: fix ${id}`, fixes: [], cve: [] }],
    introduced: null,
    symptom: 'a stale event is taken for a new one',
    oracle: 'deterministic',
    needs: { cpus: 1, memoryMiB: 512, modules: [], externalModules: [], cmdline: [] },
    timing: { expectedSeconds: 1, timeoutSeconds: 10 },
    destructive: false,
    claim: { mainline: null, stable: {}, subjects: [], source: 'case.json' },
    proof: 'lacks on one kernel, carries on another',
    references: [],
    folder: `/nowhere/${id}`,
    ...changes,
  }
}

export const theCase = sampleCase('sample-case', {
  title: 'A sample',
  subsystem: 'mm',
  symptom: 'the copy went through while an event was pending',
})

export const race: Case = { ...theCase, oracle: 'statistical' }

/** The case's process ended; status 0 unless said otherwise. */
export function exited(exit: Partial<CaseExit> = {}): Ending {
  return { kind: 'exited', exit: { code: 0, signal: null, timedOut: false, seconds: 0.2, ...exit } }
}

export function sampleEvidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    schema: 'kwitness.evidence/1',
    job: {
      kernel: 'debian-6.1.170-1-cloud-amd64',
      case: theCase.id,
      profile: { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] },
      program: 'ab'.repeat(32),
      args: [],
      modules: [],
      externalModules: [],
      seed: '1',
      attempt: 1,
      limits: { bootSeconds: 20, silenceSeconds: 10, caseSeconds: 10 },
    },
    kernel: { release: '6.1.0-40-cloud-amd64', build: '#1 SMP', sha256: 'cd'.repeat(32) },
    guest: {
      bootMethod: 'microvm-pvh',
      origin: 'booted',
      readySeconds: 1.5,
      raisedPriority: false,
      argv: ['qemu-system-x86_64'],
    },
    host: { qemu: '7.2.19', kernel: '6.1.0', cpuModel: 'a CPU', cpus: 2, load: null },
    ending: exited(),
    taint: { before: 0, after: 0 },
    startedAt: '2026-11-21T10:00:00.000Z',
    seconds: 2,
    console: { file: 'console.log', bytes: 100, droppedBytes: 0 },
    output: { file: 'output.log', bytes: 100, droppedBytes: 0 },
    ...changes,
  }
}

export function point(status: TestStatus, changes: Partial<TestPoint> = {}): TestPoint {
  return { number: 1, name: 'sample', status, reason: '', line: 3, diagnostics: [], children: [], ...changes }
}

export function document(points: readonly TestPoint[], changes: Partial<TestDocument> = {}): TestDocument {
  return { points, planned: points.length, skipAll: null, bailOut: null, diagnostics: [], problems: [], ...changes }
}

export function stream(...points: readonly TestPoint[]): TestStream {
  return { documents: [document(points)], problems: [] }
}

export const silent: TestStream = { documents: [], problems: [] }

export function splat(severity: SplatSeverity, title: string, firstLine = 40): Splat {
  return { rule: severity, severity, title, firstLine, lastLine: firstLine + 5 }
}

export function consoleReading(changes: Partial<ConsoleReading> = {}): ConsoleReading {
  return { splats: [], extraBanners: 0, droppedMessages: 0, badBytes: 0, ...changes }
}

export function reading(tests: TestStream, console: Partial<ConsoleReading> = {}): Reading {
  return { console: consoleReading(console), tests }
}

export const PROGRAM = 'ab'.repeat(32)
export const QUIET: Conditions = { host: 'a host', qemu: '7.2.19', load: 'quiet' }
export const LOADED: Conditions = { ...QUIET, load: 'loaded' }

/** An attempt of a race, or of another case where no trials are given. */
export function tried(outcome: Outcome, trials: Trials | null = null, changes: Partial<JudgedAttempt> = {}): JudgedAttempt {
  return {
    outcome,
    ending: 'clean exit',
    reasons: [{ channel: 'output', line: 1, rule: 'sample', text: outcome }],
    trials,
    codePath: null,
    program: PROGRAM,
    conditions: QUIET,
    seconds: 1,
    startedAt: '2026-11-21T10:00:00.000Z',
    ...changes,
  }
}

export function clean(trials: number, changes: Partial<JudgedAttempt> = {}): JudgedAttempt {
  return tried('not-reproduced', { hits: 0, trials }, changes)
}

export function hit(trials: number, changes: Partial<JudgedAttempt> = {}): JudgedAttempt {
  return tried('reproduced', { hits: 1, trials }, changes)
}

/** 14 of 1500 on a kernel of 5.10: at least 0.51 % of trials, so that 2696 clean ones are needed for 1e-6. */
export function rate(changes: Partial<ControlRate> = {}): ControlRate {
  return {
    hits: 14,
    trials: 1500,
    case: race.id,
    program: PROGRAM,
    codePath: null,
    kernel: 'bad-5.10.223',
    series: '5.10.y',
    profile: 'x86_64-tcg-2cpu-1024m',
    conditions: QUIET,
    controlSummary: 'the seqcount check taken out',
    measuredAt: '2026-11-20T10:00:00.000Z',
    ...changes,
  }
}

/** A cell of 5.10 that with that rate. */
export function cellInput(attempts: readonly JudgedAttempt[], changes: Partial<CellInput> = {}): CellInput {
  const { profile, series } = rate()
  return { case: race.id, profile, series, attempts, rates: [rate()], maxMissProbability: 1e-6, ...changes }
}

/** Boundaries at which the second actor was done and the bug was not seen, unless said otherwise. */
export function boundaryRun(from: number, to: number, changes: Partial<BoundaryRun> = {}): BoundaryRun {
  return { from, to, end: 'done', hit: false, why: '', ...changes }
}
