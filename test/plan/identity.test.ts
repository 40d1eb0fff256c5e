/** What the identity of an attempt depends on, and what it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import type { Accelerator } from '#domain/profile.ts'
import { profileOf, type Cell } from '#plan/cells.ts'
import { identityOf, type Surroundings } from '#plan/identity.ts'
import type { Plan } from '#plan/plan.ts'
import { kernel } from '../helpers/evidence.ts'
import { race, rate, theCase } from '../helpers/judging.ts'
import { planCommon } from './plans.ts'

const plan: Plan = { ...planCommon, kind: 'matrix' }

const around: Surroundings = {
  image: 'image',
  program: 'program',
  initramfs: 'agent',
  modules: 'modules',
  externalModules: [],
  machine: [['-machine', 'microvm']],
  qemu: ['7.2.22', 'binary'],
  host: 'this host',
  hostCpu: ['6.1', 'a CPU', 'flags'],
  scheduleEngine: 'engine',
}

interface Changes {
  readonly case?: Partial<Case>
  readonly around?: Partial<Surroundings>
  readonly plan?: Partial<Plan>
  readonly accelerator?: Accelerator
  readonly kernel?: string
}

/** The identity with these changes to a case that is `base`. */
function identityWith(changes: Changes = {}, base: Case = theCase): string | null {
  const changed = { ...base, ...changes.case }
  const of = { ...kernel, id: changes.kernel ?? kernel.id }
  const cell: Cell = { kernel: of, case: changed, profile: profileOf(changed, changes.accelerator ?? 'tcg', of.version) }
  return identityOf({ ...plan, ...changes.plan } as Plan, cell, { ...around, ...changes.around })
}

const needs = (more: Partial<Case['needs']>): Changes => ({ case: { needs: { ...theCase.needs, ...more } } })

const OTHER: Readonly<Record<string, Changes>> = {
  'another image': { around: { image: 'other' } },
  'another kernel of the same image': { kernel: 'file-6.1.170-0123456789ab' },
  'another program': { around: { program: 'other' } },
  'another agent': { around: { initramfs: 'other' } },
  'another machine': { around: { machine: [['-machine', 'pc']] } },
  'another version of QEMU': { around: { qemu: ['8.0', 'binary'] } },
  'another build of QEMU': { around: { qemu: ['7.2.22', 'other'] } },
  'another external module': { around: { externalModules: [{ name: 'pin', key: 'other' }] } },
  'another accelerator': { accelerator: 'kvm' },
  'more vCPUs': needs({ cpus: 2 }),
  'more memory': needs({ memoryMiB: 1024 }),
  'a kernel argument': needs({ cmdline: ['secretmem.enable=1'] }),
  'a module': needs({ modules: [{ name: 'fuse', until: null }] }),
  'an option of the configuration': needs({ config: ['CONFIG_KSM'] }),
  'another oracle': { case: { oracle: 'schedule' } },
  'another symptom ending': { case: { symptomEnding: { kind: 'hang', of: 'case' } } },
  'another time limit': { case: { timing: { expectedSeconds: 1, timeoutSeconds: 11 } } },
}

for (const [what, changes] of Object.entries(OTHER)) {
  test(`${what} is another identity`, () => {
    const other = identityWith(changes)
    assert.match(other ?? '', /^[0-9a-f]{64}$/)
    assert.notEqual(other, identityWith())
  })
}

const SAME: Readonly<Record<string, Changes>> = {
  'texts for people': {
    case: { title: 'x', symptom: 'y', proof: 'z', references: ['r'], claim: { ...theCase.claim, mainline: '5.15' } },
  },
  'the place of the case': { case: { folder: '/elsewhere' } },
  'the seed': { plan: { seed: '2' } },
  'how the guest comes to be': { plan: { noSnapshot: true, noFork: true } },
  'modules of a kernel that none of are loaded': { around: { modules: 'other' } },
  'rates of races': { plan: { rates: [rate()] } },
  'the host': { around: { host: 'another host' } },
  'the CPU of the host, under TCG': { around: { hostCpu: ['6.2', 'another', 'flags'] } },
  'the code of schedules': { around: { scheduleEngine: 'other' } },
  'the order of keys': { case: { timing: { timeoutSeconds: 10, expectedSeconds: 1 } } },
}

for (const [what, changes] of Object.entries(SAME)) {
  test(`${what}: the same identity`, () => assert.equal(identityWith(changes), identityWith()))
}

test('under KVM the CPU and the kernel of the host count', () => {
  const hostCpu = ['6.2', 'a CPU', 'flags']
  assert.notEqual(identityWith({ accelerator: 'kvm', around: { hostCpu } }), identityWith({ accelerator: 'kvm' }))
})

test('modules that are loaded count, and where they are unknown there is no identity', () => {
  const { case: loading = {} } = needs({ modules: [{ name: 'fuse', until: null }] })
  assert.notEqual(identityWith({ case: loading, around: { modules: 'other' } }), identityWith({ case: loading }))
  assert.equal(identityWith({ case: loading, around: { modules: null } }), null)
  assert.notEqual(identityWith({ around: { modules: null } }), null)
})

test('an unknown QEMU and a program of a suite have no identity', () => {
  assert.equal(identityWith({ around: { qemu: ['7.2.22', null] } }), null)
  assert.equal(identityWith({ case: { oracle: 'reports' } }), null)
  assert.equal(identityWith({ case: { oracle: 'exit-status' } }), null)
})

test('a schedule counts on the code that drives it, in whatever order its keys were read', () => {
  const schedule = { first: 'fork', second: 'pin' } as unknown as NonNullable<Case['schedule']>
  const scheduled = { oracle: 'schedule', schedule } as const
  assert.notEqual(identityWith({ case: scheduled, around: { scheduleEngine: 'other' } }), identityWith({ case: scheduled }))
  const turned = { ...scheduled, schedule: { second: 'pin', first: 'fork' } as typeof schedule }
  assert.equal(identityWith({ case: turned }), identityWith({ case: scheduled }))
  assert.notEqual(
    identityWith({ case: { ...scheduled, schedule: { ...schedule, first: 'x' } } }),
    identityWith({ case: scheduled }),
  )
})

test('a race counts on host, limits and its own rates', () => {
  const own = { ...rate(), case: race.id, profile: 'x86_64-tcg-1cpu-512m' }
  const plain = identityWith({}, race)
  for (const changes of [
    { around: { host: 'another host' } },
    { plan: { maxMissProbability: 1e-3 } },
    { plan: { raceSeconds: 60 } },
    { plan: { rates: [own] } },
  ]) {
    assert.notEqual(identityWith(changes, race), plain)
  }
  const others = [
    { ...own, case: 'other' },
    { ...own, profile: 'x86_64-kvm-1cpu-512m' },
  ]
  assert.equal(identityWith({ plan: { rates: others } }, race), plain)
})
