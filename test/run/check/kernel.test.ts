/** The kernel of a machine, from what `uname` says on it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kernelOfHost } from '#run/check/kernel.ts'

const MACHINES: readonly (readonly [release: string, build: string, expected: readonly string[], signature?: string])[] = [
  ['6.1.0-18-cloud-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)', ['6.1.76', '6.1.y', '6.1.76-1', 'cloud-amd64']],
  ['6.12.90+deb13-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.12.90-2 (2026-10-01)', ['6.12.90', '6.12.y', '6.12.90-2', 'amd64']],
  [
    '5.15.0-91-generic',
    '#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023',
    ['5.15.131', '5.15.y', '5.15.0-91.101', '91-generic'],
    'Ubuntu 5.15.0-91.101-generic 5.15.131',
  ],
  ['5.14.0-427.el9.x86_64', '#1 SMP', ['5.14.0', '5.14.y', '5.14.0-427.el9.x86_64', '427.el9.x86_64']],
  ['6.18.44-fc-v657', '#1 SMP PREEMPT_DYNAMIC @0', ['6.18.44', '6.18.y', '6.18.44-fc-v657', 'fc-v657']],
  ['7.3.0-rc7', '#2', ['7.3.0~rc7', '7.3.y', '7.3.0-rc7', 'custom']],
  ['6.6.1', '#1', ['6.6.1', '6.6.y', '6.6.1', 'custom']],
]

for (const [release, build, expected, signature] of MACHINES) {
  test(`${release} (${build}) is ${expected.join(', ')}`, () => {
    const kernel = kernelOfHost('db1', { release, build, machine: 'x86_64', ...(signature ? { signature } : {}) })
    assert.deepEqual([kernel?.version, kernel?.series, kernel?.build, kernel?.flavour], expected)
    assert.deepEqual([kernel?.provider, kernel?.host, kernel?.id], ['host', 'db1', `host-db1-${release}`])
  })
}

test('a machine that does not say its kernel, or of another architecture, has none', () => {
  assert.equal(kernelOfHost('db1', {}), null)
  assert.equal(kernelOfHost('db1', { release: '6.1.0', machine: 'riscv64' }), null)
})

test('the id is safe as a path, whatever the machine is called', () => {
  const id = kernelOfHost('../a b@c:22', { release: '6.1.0/x', machine: 'x86_64' })?.id
  assert.match(id ?? '', /^[\w.+~-]+$/)
})
