/** A case for tests that need one and do not care which. */
import type { Case } from '#domain/case.ts'

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
