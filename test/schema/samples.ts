/** Valid data for every schema that reads something back. */
import type { z } from 'zod'
import type { DataOf } from '#schema/basics.ts'
import { endSchema, helloSchema, migrationSchema, qmpMessageSchema } from '#schema/guest.ts'
import { bisectStateSchema } from '#schema/bisect-state.ts'
import {
  changelogIndexSchema,
  debianIndexSchema,
  debianKernelSchema,
  foundSourceSchema,
  poolAnswersSchema,
  type DebianKernel,
} from '#schema/cache/debian.ts'
import { acceleratorSchema, tscSchema } from '#schema/cache/host.ts'
import { manifestSchema } from '#schema/cache/kernel.ts'
import { snapshotSchema } from '#schema/cache/snapshot.ts'
import { objectCountsSchema, recipeSchema } from '#schema/cache/tree.ts'
import { caseFileSchema } from '#schema/catalogue/case.ts'
import { controlsFileSchema } from '#schema/catalogue/controls.ts'
import { kernelSetsSchema } from '#schema/catalogue/kernel-sets.ts'
import { suiteFileSchema } from '#schema/catalogue/suite.ts'
import { claimSourcesSchema } from '#schema/claim-sources.ts'
import { rateSchema } from '#schema/control.ts'
import { evidenceSchema } from '#schema/evidence.ts'
import { kernelSchema } from '#schema/kernel.ts'
import { planSchema, planVersion1Schema } from '#schema/plan.ts'
import { runHostSchema } from '#schema/run.ts'
import { host, kernel } from '#test/helpers/evidence.ts'
import { rate, sampleEvidence, theCase } from '#test/helpers/judging.ts'
import { ended } from '#test/helpers/reports/bisections.ts'
import { matrixControls } from '#test/helpers/reports/control-matrices.ts'
import { planOf } from '#test/helpers/reports/verifications.ts'
import { planCommon } from '#test/plan/plans.ts'

const sha256 = 'ab'.repeat(32)
const file = { sha256, bytes: 100, uris: ['https://archive.example/pool/linux.deb'] }
const debianKernel: DebianKernel = {
  ...kernel,
  release: '6.1.0-40-cloud-amd64',
  suites: ['bookworm'],
  boot: file,
  bootHoldsModules: false,
  modules: file,
  base: null,
}
const at = '2026-11-21T10:00:00.000Z'
const hello = { release: '6.1.0', build: '#1 SMP', cpus: 1, memoryKiB: 500_000, taint: 0 }
const args = { [theCase.id]: ['--spread', '2'] }
const suite = {
  name: 'kselftest:mm',
  tree: { label: 'linux 6.12', version: '6.12', selector: 'debian-6.12', key: 'ff' },
  programs: { one: sha256 },
  notInTree: ['two'],
  leftOut: [{ program: 'three', why: 'it wants hardware' }],
}
const listing = [{ ...kernel, notOnMirror: true }]
const common = { ...planCommon, kernels: [kernel], cases: [theCase], rates: [rate()], listing, estimates: { [theCase.id]: 1 } }
const bisectPlan = { ...common, kind: 'bisect', controls: [], measure: null } as const
const { request, target, rates, steps } = ended()
const { id: _, folder: __, ...caseFile } = theCase

/** A schema with data of its type. */
const sample = <S extends z.ZodType>(schema: S, data: DataOf<S>) => ({ schema, data })

export const samples = {
  'claim sources': sample(claimSourcesSchema, {
    kernel: kernel.id,
    changelog: { sha256, build: kernel.build, instead: null },
    gitTree: { unavailable: 'no tag' },
  }),
  'the end of a case': sample(endSchema, {
    code: 1,
    signal: null,
    timedOut: false,
    seconds: 0.5,
    taintBefore: 0,
    taintAfter: null,
  }),
  hello: sample(helloSchema, hello),
  'a message of QEMU': sample(qmpMessageSchema, { event: 'SHUTDOWN', data: { guest: true } }),
  'a migration': sample(migrationSchema, { status: 'completed' }),
  evidence: sample(evidenceSchema, sampleEvidence()),
  rate: sample(rateSchema, rate()),
  kernel: sample(kernelSchema, kernel),
  'host of a run': sample(runHostSchema, host),
  'plan of controls': sample(planSchema, { ...common, kind: 'controls', controls: matrixControls }),
  'plan of a suite': sample(planSchema, { ...common, kind: 'suite', suite, args }),
  'plan of a verification': sample(planSchema, { ...common, kind: 'verify', verify: planOf(), controls: [] }),
  'plan of a sweep': sample(planSchema, { ...common, kind: 'sweep', controls: [], measure: { attempts: 3, seconds: 1 }, args }),
  'plan of an earlier version': sample(planVersion1Schema, {
    schema: 'kwitness.plan/1',
    seed: '1',
    kernels: [kernel],
    cases: [theCase],
    accelerator: 'tcg',
    bootSeconds: 2,
    noSnapshot: false,
    bound: 1e-6,
    suite,
  }),
  'state of a bisection': sample(bisectStateSchema, {
    schema: 'kwitness.bisect-state/1',
    id: '2026-01-31-1',
    startedAt: at,
    finished: false,
    owner: null,
    request,
    plan: bisectPlan,
    target,
    rates,
    steps,
    runs: { 'between 1': '2026-01-31-7' },
  }),
  'manifest of a kernel': sample(manifestSchema, {
    schema: 'kwitness.kernel-cache/1',
    kernel,
    origin: 'bookworm',
    files: { bzImage: { sha256, bytes: 100, mtimeMs: 1.5 } },
  }),
  'record of a kernel': sample(debianKernelSchema, debianKernel),
  'index of Debian': sample(debianIndexSchema, {
    schema: 'kwitness.debian-index/2',
    refreshedAt: at,
    askedAt: at,
    reached: true,
    arrivals: { bookworm: '2026-01-01T00:00:00.000Z' },
    missingSuites: ['sid'],
    kernels: [debianKernel],
    headers: [{ name: 'linux-headers-6.1', version: '6.1.170-1', file }],
  }),
  'answers of the pool': sample(poolAnswersSchema, { 'https://archive.example/pool/linux.deb': { gone: false, at } }),
  'index of a changelog': sample(changelogIndexSchema, {
    schema: 'kwitness.changelog/1',
    sha256,
    build: '6.1.170-1',
    builds: ['6.1.170-1', '6.1.169-1'],
    releases: ['6.1.170'],
  }),
  'found source': sample(foundSourceSchema, { refreshedAt: at, found: { build: '5.10.262-1', version: '5.10.262', file } }),
  recipe: sample(recipeSchema, {
    schema: 'kwitness.tree-recipe/1',
    kernel: { ...kernel, id: 'tree-6.1.170-base-ff', provider: 'tree' },
    source: {
      place: { kind: 'git', path: '/src/linux', revision: 'v6.1.170' },
      key: 'ff',
      version: '6.1.170',
      label: 'l',
      file: null,
    },
    fragments: [{ name: 'base', lines: [{ symbol: 'CONFIG_SMP', value: 'y', ifKnown: false }] }],
    patches: [{ name: 'fix', text: '--- a\n+++ b\n' }],
    baseKey: 'ff',
  }),
  'counts of objects': sample(objectCountsSchema, { '5.10.y base': 1200 }),
  snapshot: sample(snapshotSchema, {
    schema: 'kwitness.guest/2',
    key: 'ff',
    bootMethod: 'microvm-pvh',
    hello,
    readySeconds: 1.5,
    stateSha256: sha256,
    logSha256: sha256,
    ramBytes: 4096,
    ramMtimeMs: 1000,
    ramSampleSha256: sha256,
  }),
  'proven accelerator': sample(acceleratorSchema, {
    schema: 'kwitness.accelerator/2',
    key: JSON.stringify(['', '', '']),
    kvm: {
      outcome: 'silent',
      why: 'no guest boots with it',
      decidedAt: '2026-01-01T00:00:00.000Z',
      validUntil: '2026-01-01T00:10:00.000Z',
      confirmations: 1,
    },
    bootTimes: {
      kvm: null,
      tcg: { seconds: 2, measuredAt: '2026-01-01T00:00:00.000Z', validUntil: '2026-01-02T00:00:00.000Z', isDoubtful: false },
    },
    boots: [{ accelerator: 'tcg', seconds: 2, limitSeconds: 120, problem: null }],
  }),
  'rate of the time stamp counter': sample(tscSchema, { cpuModel: 'a CPU', khz: 2_600_000 }),
}

/** What people write: reading fills defaults in, so it is not read back as it stands there. */
export const written = {
  'case.json': { schema: caseFileSchema, data: { ...caseFile, needs: { ...caseFile.needs, modules: ['pin'] } } },
  'controls.json': {
    schema: controlsFileSchema,
    data: { about: 'Controls.', controls: [{ series: '5.10', fix: 'df2cc96e7701', kind: 'bad', case: 'uffd-copy-vs-fork' }] },
  },
  'kernels.json': { schema: kernelSetsSchema, data: { default: { about: 'All.', selectors: ['debian:5.10.y:newest'] } } },
  'table of a suite': {
    schema: suiteFileSchema,
    data: {
      about: 'Tests.',
      name: 'kselftest:mm',
      folders: ['mm'],
      programs: [
        { id: 'one', program: 'one', needs: { cpus: 1, memoryMiB: 512 }, timing: { expectedSeconds: 1, timeoutSeconds: 10 } },
      ],
      leftOut: [],
    },
  },
}
