import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '#domain/job.ts'
import { attemptId, nextRunId } from '#store/names.ts'

const job: Job = {
  kernel: 'debian-7.3~rc7-1~exp1-cloud-amd64',
  case: 'uffd-fork-event',
  profile: { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] },
  program: '',
  args: [],
  modules: [],
  externalModules: [],
  seed: '1',
  attempt: 2,
  limits: { bootSeconds: 1, silenceSeconds: 1, caseSeconds: 1 },
}

test('a run is named by its UTC day and the next number of it', () => {
  assert.equal(nextRunId('2026-11-21T10:00:00.000Z', []), '2026-11-21-1')
  assert.equal(nextRunId('2026-11-21T00:30:00+02:00', ['2026-11-21-4']), '2026-11-20-1')
  assert.equal(nextRunId('2026-11-21T10:00:00Z', ['2026-11-21-2', '2026-11-21-10', '2026-11-22-30']), '2026-11-21-11')
})

test('a run without a time is our mistake', () => {
  assert.throws(() => nextRunId('yesterday', []), { name: 'InvariantError' })
})

test('an attempt is named by kernel, case, profile and ordinal', () => {
  assert.match(attemptId(job), /^debian-7\.3~rc7-1~exp1-cloud-amd64\.uffd-fork-event\.[0-9a-f]{8}\.2$/)
  assert.equal(attemptId({ ...job, seed: '2' }), attemptId(job))
})

for (const other of [{ cpus: 2 }, { accelerator: 'kvm' }, { memoryMiB: 1024 }, { cmdline: ['nosmp'] }] as const) {
  test(`another profile is another name: ${JSON.stringify(other)}`, () => {
    assert.notEqual(attemptId({ ...job, profile: { ...job.profile, ...other } }), attemptId(job))
  })
}

for (const kernel of ['../etc', 'a/b', '.hidden', '', 'a b', 'x'.repeat(250)]) {
  test(`a kernel called "${kernel.slice(0, 10)}" cannot name a folder`, () => {
    assert.throws(() => attemptId({ ...job, kernel }), { name: 'InvariantError' })
  })
}
