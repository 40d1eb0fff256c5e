/** A command that takes one kernel takes the newest build of one version, and never guesses between versions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kernel } from '#domain/kernel.ts'
import { oneKernel } from '#run/prepare/one-kernel.ts'

function kernel(version: string, revision: number, flavour = 'cloud-amd64'): Kernel {
  const build = `${version}-${revision}`
  return { id: `debian-${build}-${flavour}`, provider: 'debian', version, series: '6.1.y', build, flavour, arch: 'x86_64' }
}

function choose(kernels: readonly Kernel[]) {
  const notes: string[] = []
  const note = (text: string) => notes.push(text)
  const line = (id: string) => `kwitness shell ${id}`
  const { id } = oneKernel(kernels, { rule: 'a shell runs on one kernel', selector: 'debian:6.1.192', line, note })
  return { id, notes }
}

test('the only kernel is taken without a word', () => {
  assert.deepEqual(choose([kernel('6.1.192', 1)]), { id: 'debian-6.1.192-1-cloud-amd64', notes: [] })
})

test('of several builds of one version the newest is taken, and the others are named with the line to type', () => {
  const { id, notes } = choose([1, 2, 3].map((revision) => kernel('6.1.192', revision)))
  assert.equal(id, 'debian-6.1.192-3-cloud-amd64')
  const all = [1, 2, 3].map((revision) => `debian-6.1.192-${revision}-cloud-amd64`).join(', ')
  const other = 'kwitness shell debian-6.1.192-1-cloud-amd64'
  assert.deepEqual(notes, [`debian:6.1.192 is 3 builds (${all}): taking the newest; for another one: ${other}`])
})

test('several versions or flavours are an error that names them, with the line to type', () => {
  for (const kernels of [
    [kernel('6.1.190', 1), kernel('6.1.192', 1)],
    [kernel('6.1.192', 1, 'amd64'), kernel('6.1.192', 1)],
  ]) {
    const [first, last] = kernels
    assert.throws(() => choose(kernels), {
      name: 'UserError',
      message: `a shell runs on one kernel, and this selector means 2: ${first?.id}, ${last?.id}`,
      hint: `name one of them: kwitness shell ${last?.id}`,
    })
  }
  const many = Array.from({ length: 9 }, (_, at) => kernel(`6.1.${at}`, 1))
  assert.throws(() => choose(many), { message: /means 9: .* and 3 more$/ })
  assert.throws(() => choose([]), { name: 'UserError' })
})
