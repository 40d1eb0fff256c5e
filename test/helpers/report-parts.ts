/** What the reports of test/render are made of: kernels, what a changelog and a provider say of them, hostile words. */
import type { KernelChangelog } from '#analysis/claims/from-changelog.ts'
import type { Case } from '#domain/case.ts'
import type { KnownKernel } from '#domain/kernel.ts'
import type { ReportKernel } from '#domain/report/matrix.ts'
import { seriesOf } from '#domain/version.ts'
import { changelogOf } from './changelogs.ts'

/** What a hostile guest would love to run in a reader's browser. */
export const HOSTILE = `<script>window.pwned = 1; alert(1)</script></script><img src=x onerror="window.pwned=2"> # SKIP \u001b[2J`

export function kernel(version: string, build = `${version}-1`, flavour = 'cloud-amd64'): ReportKernel {
  const id = `debian-${build}-${flavour}`
  return {
    id,
    provider: 'debian',
    version,
    series: seriesOf(version),
    build,
    flavour,
    arch: 'x86_64',
    release: `${version}-${flavour}`,
    sha256: 'ab12'.repeat(16),
  }
}

/** The changelog of 6.12 in the small report: the fix of one case, much by its names, and a line that no package has. */
export function smallChangelog(cases: readonly Case[]): KernelChangelog {
  const subject = 'mm/userfaultfd: fix uninitialized output field for -EAGAIN race'
  const names = Array.from({ length: 12 }, (_, index) => `userfaultfd: change number ${index + 1}`)
  return changelogOf(
    [
      {
        build: '6.12.117-1',
        lists: { '6.12.117': [subject, `userfaultfd: ${HOSTILE}`, 'mm: close the hole (CVE-2025-00000)', ...names] },
      },
      { build: '6.12.94-1', lists: { '6.12.90': ['userfaultfd: one change alone'], '6.12.94': ['net: something else'] } },
      { build: '6.12.43-1', lists: { '6.12.29': [subject] } },
    ],
    cases,
  )
}

/** What was there beside the kernels asked: one between the ends of a boundary, one that is gone, newer ones. */
export function smallListing(kernels: readonly ReportKernel[]): KnownKernel[] {
  const shipped = kernels.filter(({ provider }) => provider === 'debian')
  const others = ['6.1.190', '6.12.100', '7.2.14', '7.2.15'].map((version) => kernel(version))
  return [...shipped, ...others].map(({ release: _release, sha256: _sha256, ...one }) => ({
    ...one,
    notOnMirror: one.version === '6.12.100',
  }))
}
