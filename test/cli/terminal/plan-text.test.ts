/** The plan of a run as text: what it says of guests that another accelerator runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Case } from '#domain/case.ts'
import type { Plan } from '#plan/plan.ts'
import { describePlan } from '#cli/terminal/plan-text.ts'
import { theCase } from '#test/helpers/judging.ts'
import { sweptCommon } from '#test/plan/plans.ts'

const scheduled: Case = { ...theCase, id: 'stepped', oracle: 'schedule' }
const plan: Plan = { ...sweptCommon, kind: 'matrix', cases: [theCase, scheduled, { ...scheduled, id: 'stepped-too' }] }

const linesUnder = (text: string): string[] => text.split('\n').filter((line) => line.includes('TCG'))

test('under KVM the plan names the cases that run under TCG, each once; under TCG there is nothing to say', () => {
  assert.deepEqual(linesUnder(describePlan({ ...plan, accelerator: 'kvm' }, undefined)), [
    "  under TCG, where QEMU's debugger steps them: stepped stepped-too",
  ])
  assert.deepEqual(linesUnder(describePlan(plan, undefined)), [])
  assert.deepEqual(linesUnder(describePlan({ ...plan, accelerator: 'kvm', cases: [theCase] }, undefined)), [])
})
