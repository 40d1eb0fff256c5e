import assert from 'node:assert/strict'
import { test } from 'node:test'
import { estimatesFrom, expectedSeconds } from '#plan/estimates.ts'
import { profileOf } from '#plan/cells.ts'
import { profileName } from '#domain/profile.ts'
import { race, theCase } from '../helpers/judging.ts'
import { planCommon } from './plans.ts'

const profile = profileName(profileOf(theCase, 'tcg', '6.1'))
const time = (seconds: number, rest: object = {}) => ({ case: theCase.id, profile, seconds, ...rest })
const plan = { ...planCommon, bootSeconds: 4 }

test('the middle one of the times that attempts of the case took in such guests', () => {
  const others = [time(9, { case: 'another' }), time(9, { profile: profileName(profileOf(theCase, 'kvm', '6.1')) })]
  assert.deepEqual(estimatesFrom([theCase, race], 'tcg', [time(3), time(0.2), ...others, time(0.4)]), { [theCase.id]: 0.4 })
  assert.deepEqual(estimatesFrom([theCase], 'tcg', []), {})
})

test('a case that was never tried takes what its author says, longer on a slow host', () => {
  assert.equal(expectedSeconds({ ...plan, estimates: { [theCase.id]: 0.4 } }, theCase), 0.4)
  const unknown = expectedSeconds(plan, theCase)
  assert.ok(unknown > 2 * theCase.timing.expectedSeconds, `${unknown}`)
  assert.ok(expectedSeconds({ ...plan, bootSeconds: 2 }, theCase) < unknown)
})
