/** A report of any size, the same every time. */
import { buildReport } from '#analysis/matrix/report.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import { kernel } from '../report-parts.ts'
import { sampleCase } from '../judging.ts'
import { attempt, cell, RUN } from '../reports.ts'

const LONG_CONSOLE = Array.from(
  { length: 24 },
  (_, index) => `ACPI: table ${index} at 0x00000000000${index}0000, reserved by the firmware`,
)

/**
 * A report of any size with modest evidence: each attempt has its own seed, one line of its own, and the rest in common. In each
 * series, each fix comes in at a version of its own; the claim sources list most of them.
 */
export function largeReport(kernelCount: number, caseCount: number): Report {
  const lines = ['5.10', '5.15', '6.1', '6.6', '6.12', '6.16', '6.18', '7.1', '7.2', '7.3']
  const perLine = Math.ceil(kernelCount / lines.length)
  const kernels = Array.from({ length: kernelCount }, (_, index) =>
    kernel(`${lines[Math.floor(index / perLine)]}.${index % perLine}`),
  )
  const cases = Array.from({ length: caseCount }, (_, index) =>
    sampleCase(`uffd-case-${String(index).padStart(2, '0')}`, {
      claim: {
        mainline: '7.2',
        subjects: [],
        source: 'Debian changelog',
        stable: Object.fromEntries(lines.map((line) => [`${line}.y`, `${line}.${index % 7 === 0 ? index : 2 * index}`])),
      },
    }),
  )
  const cells = kernels.flatMap(({ id, version }, row) =>
    cases.map((column, index) => {
      const number = row * caseCount + index
      const answer: Verdict = row % perLine < index * 2 ? 'lacks' : 'carries'
      const verdict = number % 97 === 0 ? 'inconclusive' : number % 211 === 0 ? 'error' : answer
      return cell(id, column.id, verdict, {
        attempts: [
          attempt(`${id}.${column.id}.1`, verdict, {
            seed: String(10n ** 18n + BigInt(number) * 7919n),
            seconds: (400 + (number % 600)) / 1000,
            console: [
              `Linux version ${version} (debian-kernel@lists.debian.org)`,
              ...LONG_CONSOLE,
              `crng init done at ${number}`,
            ],
          }),
        ],
      })
    }),
  )
  return buildReport({ run: { ...RUN, id: 'large-1' }, kernels, cases, controls: [], cells })
}
