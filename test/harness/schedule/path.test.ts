/** On the way to a boundary: where an actor is stopped, and which instructions of a function are disabled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findComparisons, findDisable, findIncrements } from '#harness/schedule/disable.ts'
import { safeAnchor, stopsTo, type Point } from '#harness/schedule/path/path.ts'

const pathOf = (rips: readonly number[]): Point[] => rips.map((rip) => ({ rip: BigInt(rip), depth: 0n }))

/** Walk as a vCPU does: each stop is the next time that it comes to this instruction. */
function walk(path: readonly Point[], stops: readonly number[]): number {
  let at = 0
  for (const stop of stops) {
    at += 1
    while (at < path.length && path[at]?.rip !== path[stop]?.rip) at += 1
  }
  return at
}

test('straight code is walked in one stop, a loop in two for each turn', () => {
  const straight = pathOf([1, 2, 3, 4, 5])
  assert.deepEqual(stopsTo(straight, 0), [])
  assert.deepEqual(stopsTo(straight, 4), [4])
  const loop = pathOf([1, 2, 3, 2, 3, 2, 3, 9])
  assert.deepEqual(stopsTo(loop, 7), [7])
  assert.deepEqual(stopsTo(loop, 1), [1])
  assert.equal(walk(loop, stopsTo(loop, 4)), 4)
})

test('the stops lead to every boundary of any path', () => {
  // An instruction that repeats itself is one point: neighbours always differ.
  const rips = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(rips, (some) => {
      const path = pathOf([0, ...some].filter((rip, index, all) => rip !== all[index - 1]))
      path.forEach((_, k) => assert.equal(walk(path, stopsTo(path, k)), k))
    }),
  )
})

test('a careful walk steps on from the last own instruction that was not passed before', () => {
  const path = pathOf([10, 11, 50, 51, 12, 11, 50, 51, 13])
  assert.deepEqual(
    path.map((_, k) => safeAnchor(path, k, 20n)),
    [0, 1, 1, 1, 4, 4, 4, 4, 8],
  )
})

test('increments of a member are found by their bytes and disabled in place', () => {
  const code = Buffer.from(['90', '83813801000001', '83813801000002', 'ff8738010000', '83813c01000001'].join(''), 'hex')
  const found = findIncrements(code, 0x1000n, 0x138)
  assert.deepEqual(
    found.map(({ address, disabled }) => [address, disabled.toString('hex')]),
    [
      [0x1001n, '83813801000000'],
      [0x100fn, '660f1f440000'],
    ],
  )
  assert.deepEqual(
    findIncrements(code, 0n, null).map(({ offset }) => offset),
    [0x138, 0x138, 0x13c],
  )
  assert.deepEqual(findIncrements(code, 0n, 0x140), [])
  // From r12, as Debian's 7.2.13: addl $1,0x298(%r12); and incl, which is as long.
  const far = Buffer.from('41838424980200000141ff84249802000041838404980200000183', 'hex')
  assert.deepEqual(
    findIncrements(far, 0n, 0x298).map(({ address, original, disabled }) => [address, original.length, disabled.toString('hex')]),
    [
      [1n, 8, '8384249802000000'],
      [10n, 7, '0f1f8000000000'],
    ],
  )
})

test('without types each offset that is incremented is a way of its own, but for what may be locked', async () => {
  // addl $1,0x138; addl $1,0x140; lock incl 0x144; incl 0x148; lock incl 0x14c(%r12); addl $1,0x138
  const code = Buffer.from(
    ['83813801000001', '83814001000001', 'f0ff8144010000', 'ff8148010000', 'f041ff84244c010000', '83813801000001'].join(''),
    'hex',
  )
  const ways = async (offsetOf: ((member: string) => number | null) | null) => {
    const session = { stub: { read: async () => code } }
    const image = { offsetOf, symbols: { address: () => 0x1000n, end: () => 0x1000n + BigInt(code.length) } }
    const disable = { member: 'mm.seq', functions: ['copy'] }
    const args = [session, { bound: { schedule: { disable } }, image }] as unknown as Parameters<typeof findDisable>
    const found = await findDisable(...args)
    return typeof found === 'string' ? found : found.map((patches) => patches.map(({ offset }) => offset))
  }
  assert.deepEqual(await ways(null), [[0x138, 0x138], [0x140], [0x148]])
  assert.deepEqual(await ways(() => 0x138), [[0x138, 0x138]])
  assert.equal(await ways(() => null), 'the kernel has no mm.seq')
  assert.equal(await ways(() => 0x200), 'no instruction of copy increments mm.seq')
})

test('the branch behind a comparison of a member is found and taken away, whichever way it jumps', () => {
  const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
  const disabled = (text: string): (readonly [bigint, string])[] =>
    findComparisons(bytes(text), 0x1000n, 0x138).map((patch) => [patch.address, patch.disabled.toString('hex')] as const)
  // mov 0x138(%rax),%eax; cmp %ebx,%eax; jne
  assert.deepEqual(disabled('8b8038010000 39d8 7510 90'), [[0x1008n, '6690']])
  assert.deepEqual(disabled('8b8038010000 448b2424 4439e0 0f8510000000'), [[0x100dn, '660f1f440000']])
  assert.deepEqual(disabled('8b8038010000 39d8 7410 90'), [[0x1008n, 'eb10']])
  // mov 0x138(%rax),%eax; cmp 0x8c(%rsp),%eax; jne, as Debian's 5.10; and mov 0xb0(%rsp),%ecx in between, as its 7.3.
  assert.deepEqual(disabled('8b8038010000 3b84248c000000 0f859e0b0000'), [[0x100dn, '660f1f440000']])
  assert.deepEqual(disabled('8b8038010000 8b8c24b0000000 39c8 0f8510000000'), [[0x100fn, '660f1f440000']])
  // cmp %esi,0x138(%r12); jne, as its 7.2
  assert.deepEqual(disabled('4139b42438010000 7510 90'), [[0x1008n, '6690']])
  // cmp 0x138(%rax),%ebx; je
  assert.deepEqual(disabled('3b9838010000 0f8410000000'), [[0x1006n, '90e910000000']])
  // A first read, whose lowest bit is tested; another member; a comparison of something else, later.
  assert.deepEqual(disabled('8b8038010000 a801 7510 90'), [])
  assert.deepEqual(disabled('8b803c010000 39d8 7510 90'), [])
  assert.deepEqual(disabled(`8b8038010000 ${'90'.repeat(12)} 39d8 7510`), [])
})
