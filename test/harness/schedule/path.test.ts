/** On the way to a boundary: where an actor is stopped, and which instructions of a function are disabled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findComparisons, findDisable, findIncrements } from '#harness/schedule/disable.ts'
import { waysOnPath } from '#harness/schedule/explore.ts'
import { findCheck } from '#harness/schedule/second-cut.ts'
import { codeSymbols } from '#harness/schedule/image/symbols.ts'
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

type OffsetOf = ((member: string) => number | null) | null

/** The ways to disable increments of `mm.seq` in the function `copy`, of a kernel with this code by symbol. */
function disableIn(code: Readonly<Record<string, { readonly start: bigint; readonly code: Buffer }>>, offsetOf: OffsetOf) {
  const all = Object.entries(code).map(([name, { start }]) => ({ name, type: 't', address: start }))
  const ends = Object.values(code).map(({ start, code: bytes }) => start + BigInt(bytes.length))
  const symbols = codeSymbols([...all, ...ends.map((address) => ({ name: `behind_${address}`, type: 't', address }))])
  const read = async (_: unknown, from: bigint) => Object.values(code).find(({ start }) => start === from)?.code ?? null
  const disable = { member: 'mm.seq', functions: ['copy'] }
  const args = [{ stub: { read } }, { bound: { schedule: { disable } }, image: { offsetOf, symbols } }]
  return findDisable(...(args as unknown as Parameters<typeof findDisable>))
}

test('without types each offset that is incremented is a way of its own, but for what may be locked', async () => {
  // addl $1,0x138; addl $1,0x140; lock incl 0x144; incl 0x148; lock incl 0x14c(%r12); addl $1,0x138
  const code = Buffer.from(
    ['83813801000001', '83814001000001', 'f0ff8144010000', 'ff8148010000', 'f041ff84244c010000', '83813801000001'].join(''),
    'hex',
  )
  const ways = async (offsetOf: OffsetOf) => {
    const found = await disableIn({ copy: { start: 0x1000n, code } }, offsetOf)
    return typeof found === 'string' ? found : found.map((patches) => patches.map(({ offset }) => offset))
  }
  assert.deepEqual(await ways(null), [[0x138, 0x138], [0x140], [0x148]])
  assert.deepEqual(await ways(() => 0x138), [[0x138, 0x138]])
  assert.equal(await ways(() => null), 'the kernel has no mm.seq')
  assert.equal(await ways(() => 0x200), 'no instruction of copy increments mm.seq')
})

/** Code of so many bytes that do nothing, but for these at their offsets. */
function codeWith(bytes: number, parts: Readonly<Record<number, string>>): Buffer {
  const code = Buffer.alloc(bytes, 0x90)
  for (const [at, text] of Object.entries(parts)) code.write(text.replaceAll(' ', ''), Number(at), 'hex')
  return code
}

test('an increment that the compiler copied to another way out of the function is disabled with those on the path', async () => {
  // copy_page_range of 6.12.118 and 6.1.192 as gcc 12.2 built them from our own configuration, and where they went in a guest.
  const recorded = [
    {
      increment: '41838718010000 01',
      at: [0x1327, 0x1340, 0x150f],
      // lea -1(%rdx),%eax; and $1,%edx; cmov: from the last byte of the first one on it reads as incl 0xf4801e2(%rbx).
      inside: { 0xaf0: '8d42ff 83e201 480f45c2' },
      path: [0x0, 0x1, 0x86, 0x8a, 0x1340, 0x1348, 0x90, 0xaf0, 0xaf3, 0xaf6, 0x1321, 0x1325, 0x1327, 0x132f, 0x133f],
      offset: 0x118,
    },
    {
      increment: '418380e8000000 01',
      at: [0x1192, 0x11ad, 0x124a],
      inside: { 0x70e: '8d42ff 83e201 480f45c2' },
      path: [0x0, 0x1, 0x7d, 0x81, 0x11ad, 0x11b5, 0x87, 0x8b, 0x70e, 0x711, 0x714, 0x118c, 0x1190, 0x1192, 0x119a, 0x11aa],
      offset: 0xe8,
    },
  ]
  const start = 0xffff_ffff_8112_f9c0n
  for (const { increment, at, inside, path, offset } of recorded) {
    const code = codeWith(0x1530, { ...inside, ...Object.fromEntries(at.map((place) => [place, increment])) })
    const points = path.map((place) => ({ rip: start + BigInt(place), depth: 0n }))
    for (const offsetOf of [null, () => offset]) {
      const found = await disableIn({ copy: { start, code } }, offsetOf)
      assert.ok(typeof found !== 'string' && found.length === (offsetOf ? 1 : 2))
      const ways = waysOnPath(points, found)
      assert.deepEqual(
        ways.map((patches) => patches.map(({ address }) => Number(address - start))),
        [at.map((place) => place + 1)],
        'the two that are passed and the third, behind their prefix',
      )
    }
  }
})

test('a way is on the path where an instruction of it begins there, and the most complete one comes first', () => {
  const points = pathOf([10, 20, 30, 40])
  const patch = (...begins: number[]) => ({ begins: begins.map(BigInt) })
  const [half, whole, none, behind] = [
    [patch(20), patch(21)],
    [patch(30), patch(41, 40)],
    [patch(11), patch(50)],
    [patch(12, 11)],
  ]
  assert.deepEqual(waysOnPath(points, [half, none, whole, behind]), [whole, half])
  assert.deepEqual(waysOnPath(points, [none, behind]), [])
  assert.deepEqual(waysOnPath([], [half]), [])
})

test('a part of a function that the compiler moved away is searched, too, and another function is not', async () => {
  const code = codeWith(64, { 8: '83813801000001' })
  const functions = {
    copy: { start: 0x1000n, code },
    'copy.cold': { start: 0x4000n, code },
    'copy.part.0': { start: 0x2000n, code },
    copy_other: { start: 0x3000n, code },
  }
  const found = await disableIn(functions, () => 0x138)
  assert.ok(typeof found !== 'string')
  assert.deepEqual(
    found.map((patches) => patches.map(({ address }) => address)),
    [[0x1008n, 0x2008n, 0x4008n]],
  )
  assert.equal(await disableIn({ copy_other: functions.copy_other }, () => 0x138), 'no instruction of copy increments mm.seq')
})

test('only a byte that can be a prefix may begin an increment', () => {
  const begins = (text: string) => findIncrements(Buffer.from(text, 'hex'), 0x10n, null).map((patch) => patch.begins)
  assert.deepEqual(begins('4183871801000001'), [[0x11n, 0x10n]])
  assert.deepEqual(begins('5083871801000001'), [[0x11n]])
  assert.deepEqual(begins('83871801000001'), [[0x10n]])
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

test('of several branches by a member the one on the path of the second actor is its check', async () => {
  // mov 0x138(%rax),%eax; cmp %ebx,%eax; jne, at 0 and at 32
  const compare = '8b8038010000 39d8 7510'
  const code = codeWith(64, { 0: compare, 32: compare })
  const image = {
    offsetOf: () => 0x138,
    symbols: codeSymbols([
      { name: 'gup', type: 't', address: 0n },
      { name: 'end', type: 't', address: 64n },
    ]),
  }
  const bound = { schedule: { secondCut: { functions: ['gup'], check: 'mm.seq' }, disable: null } }
  const checkOn = async (rips: readonly number[] | null, of = code) => {
    const session = { stub: { read: async () => of } }
    const paths = { start: 0n, ...(rips ? { second: pathOf(rips) } : {}) }
    const found = await findCheck(...([session, { bound, image }, paths] as unknown as Parameters<typeof findCheck>))
    return typeof found === 'string' ? found : Number(found.address)
  }
  assert.equal(await checkOn([0, 6, 8, 10]), 8)
  assert.equal(await checkOn([31, 32, 38, 40]), 40)
  assert.equal(await checkOn([0, 6, 8, 32, 38, 40]), '2 branches of gup+0x0 by mm.seq')
  assert.equal(await checkOn([50]), '2 branches of gup+0x0 by mm.seq')
  assert.equal(await checkOn(null), '2 branches of gup+0x0 by mm.seq')
  assert.equal(await checkOn(null, codeWith(64, { 32: compare })), 40)
  assert.equal(await checkOn(null, codeWith(64, {})), 'no branch of gup+0x0 by mm.seq')
})
