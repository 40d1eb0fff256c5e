/** Which instructions the other CPU cannot tell from none, and what follows for the boundaries at their sides. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseBoundaries, classesOf, oncePerClass } from '#harness/schedule/classes.ts'
import { isLocal } from '#harness/schedule/path/local-code.ts'

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** As objdump writes them. */
const LOCAL: Readonly<Record<string, string>> = {
  '48 89 e5': 'mov %rsp,%rbp',
  '41 89 c4': 'mov %eax,%r12d',
  'b8 01 00 00 00': 'mov $0x1,%eax',
  '48 b8 00 00 00 00 00 ea ff ff': 'movabs $0xffffea0000000000,%rax',
  '48 c7 c0 00 10 00 00': 'mov $0x1000,%rax',
  '48 8d 44 24 08': 'lea 0x8(%rsp),%rax',
  '48 63 d2': 'movslq %edx,%rdx',
  '0f b6 c0': 'movzbl %al,%eax',
  '48 83 c0 01': 'add $0x1,%rax',
  '48 21 d8': 'and %rbx,%rax',
  '25 ff 0f 00 00': 'and $0xfff,%eax',
  '48 c1 e8 0c': 'shr $0xc,%rax',
  '48 d1 e8': 'shr %rax',
  '49 d3 e0': 'shl %cl,%r8',
  '48 f7 d0': 'not %rax',
  '49 f7 e0': 'mul %r8',
  '48 0f af c2': 'imul %rdx,%rax',
  '48 85 c0': 'test %rax,%rax',
  'f6 c3 01': 'test $0x1,%bl',
  'a8 02': 'test $0x2,%al',
  '0f ba e0 06': 'bt $0x6,%eax',
  '0f 44 c2': 'cmove %edx,%eax',
  '0f 95 c0': 'setne %al',
  '48 0f c8': 'bswap %rax',
  '74 10': 'je',
  '0f 85 9e 0b 00 00': 'jne',
  'eb 02': 'jmp',
  'ff e0': 'jmp *%rax',
  'e8 00 00 00 00': 'call',
  'ff d0': 'call *%rax',
  c3: 'ret',
  '55': 'push %rbp',
  '41 54': 'push %r12',
  '41 5c': 'pop %r12',
  '90': 'nop',
  '66 90': 'xchg %ax,%ax',
  '0f 1f 44 00 00': 'nopl 0x0(%rax,%rax,1)',
  '66 0f 1f 84 00 00 00 00 00': 'nopw 0x0(%rax,%rax,1)',
  'f3 0f 1e fa': 'endbr64',
}

const NOT_LOCAL: Readonly<Record<string, string>> = {
  '8b 52 34': 'mov 0x34(%rdx),%edx',
  '89 50 34': 'mov %edx,0x34(%rax)',
  '48 89 44 24 08': 'mov %rax,0x8(%rsp): a local of the function may be known to others',
  '48 8b 05 00 00 00 00': 'mov 0x0(%rip),%rax',
  '48 c7 00 00 00 00 00': 'movq $0x0,(%rax)',
  '83 81 38 01 00 00 01': 'addl $0x1,0x138(%rcx)',
  '48 3b 44 24 08': 'cmp 0x8(%rsp),%rax',
  'f6 43 50 01': 'testb $0x1,0x50(%rbx)',
  '0f b6 43 50': 'movzbl 0x50(%rbx),%eax',
  '0f 95 00': 'setne (%rax)',
  '0f a3 00': 'bt %eax,(%rax)',
  'f0 80 20 fd': 'lock andb $0xfd,(%rax)',
  '65 48 8b 04 25 00 00 00 00': 'mov %gs:0x0,%rax',
  '48 87 06': 'xchg %rax,(%rsi)',
  '87 c3': 'xchg %eax,%ebx: nothing that a compiler writes, so it is not in the table',
  'f3 48 a5': 'rep movsq',
  a4: 'movsb',
  'ff 30': 'push (%rax)',
  'ff 10': 'call *(%rax)',
  'ff 25 00 00 00 00': 'jmp *0x0(%rip)',
  'f7 f1': 'div %ecx: it may trap',
  '54': 'push %rsp',
  '5c': 'pop %rsp',
  c9: 'leave',
  fa: 'cli',
  fb: 'sti',
  '9c': 'pushf',
  '9d': 'popf',
  '0f 22 d8': 'mov %rax,%cr3',
  '0f 20 d8': 'mov %cr3,%rax',
  '0f 31': 'rdtsc',
  '0f 30': 'wrmsr',
  '0f 01 f8': 'swapgs',
  '0f ae f0': 'mfence',
  '0f 0b': 'ud2',
  'f3 90': 'pause',
  f4: 'hlt',
  'e6 e9': 'out %al,$0xe9',
  cc: 'int3',
  '0f c7 0e': 'cmpxchg8b (%rsi)',
  '0f b0 c8': 'cmpxchg %cl,%al',
  '8e d8': 'mov %eax,%ds',
  '': 'nothing that can be read',
  '48': 'a prefix alone',
  '0f': 'half an opcode',
  '48 89': 'an opcode without its operand',
}

test('local is what works on registers, and what saves and restores them', () => {
  for (const [code, text] of Object.entries(LOCAL)) assert.ok(isLocal(bytes(code)), text)
  for (const [code, text] of Object.entries(NOT_LOCAL)) assert.ok(!isLocal(bytes(code)), text)
})

test('no instruction with a lock, a segment or a repetition before it is local, whatever follows', () => {
  const prefix = fc.constantFrom(0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67)
  fc.assert(
    fc.property(prefix, fc.uint8Array({ minLength: 1, maxLength: 12 }), (first, rest) => {
      const code = Buffer.from([first, ...rest])
      assert.equal(isLocal(code), code.subarray(0, 4).equals(bytes('f3 0f 1e fa')))
    }),
  )
})

test('boundaries are of one class as long as the instructions between them are local', () => {
  assert.deepEqual(classesOf([]), [{ from: 0, to: 0 }])
  assert.deepEqual(classesOf([false, true, true, false]), [
    { from: 0, to: 0 },
    { from: 1, to: 3 },
    { from: 4, to: 4 },
  ])
  fc.assert(
    fc.property(fc.array(fc.boolean()), (local) => {
      const all = classesOf(local).flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
      assert.deepEqual(all, [...local.keys(), local.length])
      assert.equal(classesOf(local).length, 1 + local.filter((isSame) => !isSame).length)
    }),
  )
})

test('of each class the boundary is tried that is reached without a breakpoint, and what cannot be read is alone', async () => {
  // push; mov (%rax),%eax; nop; ret in the path's function; then three of one that interrupts call too, the last unreadable.
  const code = new Map([
    [0x1000n, '55'],
    [0x1001n, '8b00'],
    [0x1003n, '90'],
    [0x1004n, 'e800000000'],
    [0x2000n, '90'],
    [0x2001n, 'c3'],
    [0x1009n, '90'],
  ])
  const read = async (_: number, rip: bigint, length: number) => {
    const text = code.get(rip)
    return text === undefined ? null : Buffer.concat([bytes(text), Buffer.alloc(length, 0x00)]).subarray(0, length)
  }
  const symbols = { end: (rip: bigint) => (rip < 0x2000n ? 0x1100n : 0x2002n) }
  const session = {
    stub: { read },
    symbols,
    traps: { clear: () => undefined, codeAt: (vcpu: number, at: bigint) => read(vcpu, at, 4) },
  }
  const path = [0x1000n, 0x1001n, 0x1003n, 0x1004n, 0x2000n, 0x2001n, 0x1009n, 0x3000n, 0x3001n].map((rip) => ({
    rip,
    depth: 0n,
  }))
  const chosen = await chooseBoundaries(session as unknown as Parameters<typeof chooseBoundaries>[0], path)
  // The class behind the load is 2 to 7; the return at 5 takes a breakpoint.
  assert.deepEqual(chosen, [0, 0, 2, 2, 2, 2, 2, 2, 8])
})

test('a trial is made once for each class, of the boundary that was chosen', async () => {
  const made: number[] = []
  const attempt = oncePerClass([0, 2, 2, 2], async (k) => {
    made.push(k)
    return `result of ${k}`
  })
  const results = []
  for (const k of [3, 1, 0, 2, 4]) results.push(await attempt(k))
  assert.deepEqual(results, ['result of 2', 'result of 2', 'result of 0', 'result of 2', 'result of 4'])
  assert.deepEqual(made, [2, 0, 4])
})
