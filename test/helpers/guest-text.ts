/** Reports in which every word that a guest can choose is one that was given. */
import fc from 'fast-check'
import type { RaceStanding } from '#domain/control.ts'
import type { Report, ReportAttempt } from '#domain/report/matrix.ts'
import type { TestPoint } from '#domain/tests.ts'
import { HOSTILE, smallReport } from './reports.ts'

const SURROGATES = { first: 0xd800, count: 0x800 }

/**
 * Any Unicode character but half of a pair, all equally likely: as `unit: 'binary'` of fc.string(), which first makes a table
 * of all 1.1 million of them at the cost of most of a second.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(0x10ffff - SURROGATES.count)
  .map((number) => String.fromCodePoint(number < SURROGATES.first ? number : number + SURROGATES.count))

/** Texts a hostile guest may print: markup, escapes of every reader, control characters, any Unicode. */
export const guestText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom('<b>', '</script>', '<!--', ']]>', '"', "'", '`', '&lt;', '{{x}}', HOSTILE),
      fc.constantFrom('# SKIP', '\\#', '\n', '\r\n', '\nok 9 forged', '\n1..0', '\nBail out!', '\nKTAP version 1'),
      fc.string({ unit: anyCharacter, maxLength: 8 }),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''))

/** The small report, with this text wherever a guest's words go. */
export function spokenBy(text: string): Report {
  const report = smallReport()
  return {
    ...report,
    kernels: report.kernels.map((kernel) => ({ ...kernel, release: text })),
    cells: report.cells.map((cell) => ({
      ...cell,
      summary: text,
      reasons: cell.reasons.map((reason) => ({ ...reason, text })),
      race: cell.race && raceSpokenBy(cell.race, text),
      attempts: cell.attempts.map((attempt) => attemptSpokenBy(attempt, text)),
    })),
  }
}

function raceSpokenBy(race: RaceStanding, text: string): RaceStanding {
  const conditions = { host: text, qemu: text, load: 'quiet' } as const
  const control = race.reference && { ...race.reference, codePath: text, controlSummary: text, conditions }
  return { ...race, codePath: text, explanation: [text, text], reference: control }
}

function attemptSpokenBy(attempt: ReportAttempt, text: string): ReportAttempt {
  return {
    ...attempt,
    reasons: attempt.reasons.map((reason) => ({ ...reason, text })),
    tests: attempt.tests.map((point) => pointSpokenBy(point, text)),
    problems: [{ kind: 'protocol', message: text, line: null }],
    splats: attempt.splats.map((splat) => ({ ...splat, title: text })),
    console: [text, ...attempt.console],
    output: [text],
  }
}

function pointSpokenBy(point: TestPoint, text: string): TestPoint {
  const children = point.children.map((child) => pointSpokenBy(child, text))
  return { ...point, name: text, reason: text, diagnostics: [text], children }
}
