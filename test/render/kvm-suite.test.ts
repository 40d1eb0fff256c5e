/** `npm run test:kvm` takes half an hour and reads the report of a run; this says at once where it no longer could. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toFile } from '#domain/report/file.ts'
import { attemptsOf, reportOf, verdictsOf } from '#test/hosts/kvm/inside/product.ts'
import { smallReport } from '#test/helpers/reports.ts'

const read = (file: unknown) => reportOf({ code: 0, stdout: JSON.stringify(file), stderr: '' })

test('the suite of KVM reads of a report file what the report says', () => {
  const report = smallReport()
  const wanted = report.cells.flatMap(({ attempts }) =>
    attempts.map(({ origin, argv, outcome, ending, tests }) => ({
      origin,
      argv,
      outcome,
      ending,
      diagnostics: tests.flatMap(({ diagnostics }) => diagnostics),
    })),
  )
  assert.ok(wanted.some(({ diagnostics }) => diagnostics.length > 0) && new Set(wanted.map(({ origin }) => origin)).size > 1)
  const seen = (file: unknown) =>
    attemptsOf(read(file)).map(({ origin, argv, outcome, ending, diagnostics }) => ({
      origin,
      argv,
      outcome,
      ending,
      diagnostics,
    }))
  assert.deepEqual(seen(toFile(report)), wanted)
  assert.deepEqual(seen(report), wanted, 'as older builds wrote it')
  assert.deepEqual(verdictsOf(read(toFile(report))), verdictsOf(read(report)))
})
