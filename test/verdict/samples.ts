/** Small evidence, readings and cases to judge, each with the one thing changed that a test is about. */
import type { Case } from '../../src/domain/case.ts'
import type { CaseExit, Ending, Evidence } from '../../src/domain/evidence.ts'
import type { ConsoleReading, Splat, SplatSeverity } from '../../src/domain/splat.ts'
import type { TestDocument, TestPoint, TestStatus, TestStream } from '../../src/domain/tests.ts'
import type { Reading } from '../../src/verdict/facts.ts'

export const theCase: Case = {
  id: 'sample-case',
  title: 'A sample',
  subsystem: 'mm',
  fixes: [{ commit: '0123456789ab', subject: 'mm: fix the sample', fixes: [], cve: [] }],
  introduced: null,
  symptom: 'the copy went through while an event was pending',
  witness: 'deterministic',
  needs: { cpus: 1, memoryMiB: 512, modules: [], ownModules: [], cmdline: [] },
  timing: { expectedSeconds: 1, timeoutSeconds: 10 },
  destructive: false,
  claim: { mainline: null, stable: {}, subjects: [], source: 'a changelog' },
  references: [],
  folder: '/cases/sample-case',
}

export const race: Case = { ...theCase, witness: 'race' }

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
      ownModules: [],
      seed: '1',
      attempt: 1,
      limits: { bootSeconds: 20, silenceSeconds: 10, caseSeconds: 10 },
    },
    kernel: { release: '6.1.0-40-cloud-amd64', build: '#1 SMP', sha256: 'cd'.repeat(32) },
    guest: { road: 'microvm-pvh', origin: 'booted', readySeconds: 1.5, argv: ['qemu-system-x86_64'] },
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
