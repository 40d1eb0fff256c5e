/** A small report of a suite, and the parts that tests make others of. */
import { buildSuiteReport, type SuiteReportInputs } from '#analysis/suite.ts'
import type { ResultStatus, SuiteCell, SuiteReport } from '#domain/report/suite.ts'
import type { ReportKernel } from '#domain/report/matrix.ts'

const idOf = (version: string): string => `debian-${version}-1-cloud-amd64`

function kernelOf(version: string): ReportKernel {
  const series = `${version.split('.').slice(0, 2).join('.')}.y`
  const build = { build: `${version}-1`, flavour: 'cloud-amd64', arch: 'x86_64' } as const
  return { id: idOf(version), provider: 'debian', version, series, ...build, release: null, sha256: null }
}

/** A program on the kernel of a version, with these results. */
export function suiteCell(
  version: string,
  program: string,
  results: Readonly<Record<string, ResultStatus>>,
  more: Partial<SuiteCell> = {},
): SuiteCell {
  const list = Object.entries(results).map(([test, status], index) => ({ test, status, reason: '', line: index + 1 }))
  return { kernel: idOf(version), program, outcome: 'reported', summary: 'x.', results: list, attempts: [], ...more }
}

/** Everything a report is built from. */
export function suiteParts(
  versions: readonly string[],
  programs: readonly string[],
  cells: readonly SuiteCell[],
): SuiteReportInputs {
  const host = { kernel: '6.1.0-host', qemu: '7.2.22', cpus: 2, accelerator: 'tcg' }
  return {
    run: { id: '2026-11-02-1', startedAt: '2026-11-02T03:04:05.000Z', complete: true, seed: '7', host },
    suite: {
      name: 'kselftest:mm',
      tree: { label: 'linux-source-6.12 6.12.118-1', version: '6.12.118', key: 'abc' },
      notInTree: ['userfaultfd-anon'],
      leftOut: [{ program: 'khugepaged', why: "error: 'KSFT_SKIP' undeclared <b>" }],
    },
    kernels: versions.map(kernelOf),
    programs: programs.map((id) => ({ id, title: id })),
    cells,
  }
}

/** Differences of every kind, hostile text, a crash. */
export function smallSuite(): SuiteReport {
  const leaks = {
    'no leak ... with page': 'pass',
    'no leak ... with THP (16 kB)': 'fail',
    'swap <script>alert(1)</script>': 'skip',
  } as const
  const fixed = { ...leaks, 'no leak ... with THP (16 kB)': 'pass', 'only here': 'xfail' } as const
  const summary = 'BUG: unable to handle page fault\u001b[31m.'
  const crash: Partial<SuiteCell> = { outcome: 'unrelated-crash', summary, results: [] }
  const cells = [
    suiteCell('6.1.192', 'cow', leaks),
    suiteCell('6.12.118', 'cow', fixed),
    suiteCell('7.2.13', 'cow', fixed),
    suiteCell('6.1.192', 'mremap_test', { 'move & grow': 'pass', 'move in place': 'error' }),
    suiteCell('6.12.118', 'mremap_test', { 'move & grow': 'fail', 'move in place': 'pass' }),
    suiteCell('7.2.13', 'mremap_test', {}, crash),
  ]
  return buildSuiteReport(suiteParts(['6.1.192', '6.12.118', '7.2.13'], ['cow', 'mremap_test'], cells))
}
