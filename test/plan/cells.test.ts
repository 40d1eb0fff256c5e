import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Kernel } from '#domain/kernel.ts'
import { profileName } from '#domain/profile.ts'
import { cellsOf, limitsOf, modulesOf, profileNamesOf, profileOf, seedOf } from '#plan/cells.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { race, theCase } from '../helpers/judging.ts'
import { planCommon } from './plans.ts'

function kernel(version: string): Kernel {
  const build = `${version}-1`
  const flavour = 'cloud-amd64'
  return { id: `debian-${build}-${flavour}`, provider: 'debian', version, series: '6.1.y', build, flavour, arch: 'x86_64' }
}

const modules = [
  { name: 'fuse', until: null },
  { name: 'nbd', until: '6.1.180' },
]
const needs = { cpus: 2, memoryMiB: 1024, modules, externalModules: [], cmdline: ['x=1'] }

const plan: PlanCommon = {
  ...planCommon,
  seed: '42',
  kernels: [kernel('6.1.170'), kernel('6.1.192')],
  cases: [theCase, { ...race, id: 'a-race', needs }],
}

test('a cell for each kernel and case, kernels first, each with the profile its case asks for', () => {
  const cells = cellsOf(plan)
  assert.deepEqual(
    cells.map((cell) => [cell.kernel.version, cell.case.id, cell.profile.cpus, cell.profile.memoryMiB, ...cell.profile.cmdline]),
    [
      ['6.1.170', 'sample-case', 1, 512],
      ['6.1.170', 'a-race', 2, 1024, 'x=1'],
      ['6.1.192', 'sample-case', 1, 512],
      ['6.1.192', 'a-race', 2, 1024, 'x=1'],
    ],
  )
  assert.equal(profileOf(theCase, 'kvm', '6.1').accelerator, 'kvm')
})

test('an argument that newer kernels do without is for older ones only', () => {
  const one = { ...theCase, needs: { ...theCase.needs, cmdline: ['a', { arg: 'x=1', until: '6.5' }] } }
  const argumentsOn = (version: string) => profileOf(one, 'tcg', version).cmdline
  assert.deepEqual(['5.10.262', '6.4.16', '6.5', '6.12.118'].map(argumentsOn), [['a', 'x=1'], ['a', 'x=1'], ['a'], ['a']])
  assert.deepEqual(
    [...profileNamesOf(one, 'tcg')],
    ['6.1', '6.5'].map((version) => profileName(profileOf(one, 'tcg', version))),
  )
})

test('every attempt of every cell has a seed of its own, the same whenever the plan is executed', () => {
  const seeds = (one: PlanCommon) => cellsOf(one).flatMap((cell) => [1, 2, 3].map((attempt) => seedOf(one, cell, attempt)))
  const all = seeds(plan)
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(seeds(structuredClone(plan)), all)
  const others = seeds({ ...plan, seed: '43' })
  assert.equal(new Set([...all, ...others]).size, 2 * all.length)
})

test('a seed does not depend on what else is in the plan', () => {
  const [cell] = cellsOf(plan)
  assert.ok(cell)
  const smaller: PlanCommon = { ...plan, kernels: plan.kernels.slice(0, 1), cases: [theCase] }
  assert.equal(seedOf(smaller, cell, 1), seedOf(plan, cell, 1))
})

test('a seed is an unsigned 64-bit number in decimal', () => {
  const [cell] = cellsOf(plan)
  assert.ok(cell)
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 1, max: 1000 }), (seed, attempt) => {
      const drawn = seedOf({ ...plan, seed: seed.toString() }, cell, attempt)
      assert.match(drawn, /^\d{1,20}$/)
      assert.ok(BigInt(drawn) < 2n ** 64n)
    }),
  )
})

test('limits grow with a slow host, and never shrink below those of a case', () => {
  const limits = (bootSeconds: number) => limitsOf({ ...plan, bootSeconds }, theCase)
  assert.equal(limits(0.1).caseSeconds, limits(2).caseSeconds)
  assert.equal(limits(2).caseSeconds, theCase.timing.timeoutSeconds)
  assert.equal(limits(6).caseSeconds, 3 * theCase.timing.timeoutSeconds)
  assert.ok(limits(6).bootSeconds > limits(2).bootSeconds && limits(6).bootSeconds > 6)
  for (const bootSeconds of [0.1, 2, 6, 30]) {
    const { silenceSeconds, caseSeconds } = limits(bootSeconds)
    assert.ok(silenceSeconds >= caseSeconds, 'a case may be silent for all of its time')
  }
})

test('a race has its time to run beside the time of the case, ten times over: so long it waits for its first trial', () => {
  const plain = limitsOf(plan, race)
  const asked = limitsOf(plan, race, 10)
  assert.equal(asked.caseSeconds, plain.caseSeconds + 100)
  assert.ok(asked.silenceSeconds >= asked.caseSeconds)
})

test('a kernel is given the modules that its case does not do without there', () => {
  const wanted = cellsOf(plan).map((cell) => [cell.kernel.version, cell.case.id, ...modulesOf(cell)])
  assert.deepEqual(wanted, [
    ['6.1.170', 'sample-case'],
    ['6.1.170', 'a-race', 'fuse', 'nbd'],
    ['6.1.192', 'sample-case'],
    ['6.1.192', 'a-race', 'fuse'],
  ])
})
