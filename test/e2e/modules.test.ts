/** A case that asks for kernel modules gets them, with what they depend on, from packages of both layouts. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, runReport, verdictsOf } from '../helpers/cli.ts'

const place = await newPlace()
after(() => place.remove())

test('modules and their dependencies are in the guest before the case begins', async () => {
  const kernels = await fetchKernels()
  const words = kernelWords(kernels.v510, kernels.newest)
  const catalogue = inRepository('test', 'e2e', 'modules')
  const ran = await runCli(place, ['run', ...words, '--catalogue', catalogue, '--json', '--out', place.out])
  assert.equal(ran.code, 0, ran.stderr)
  assert.deepEqual(verdictsOf(readReport(ran)), {
    [`${kernels.v510}/modules`]: 'carries',
    [`${kernels.newest}/modules`]: 'carries',
  })
})

test('the case gets the reason for an unavailable module, and the run continues', async () => {
  const { v61 } = await fetchKernels()
  const context = { workspace: { cache: place.cache, state: place.state } }
  const [kernel] = await selectKernels([v61], context)
  assert.ok(kernel)
  const { bzImage } = await fetchKernel(kernel, context)
  const catalogue = inRepository('test', 'e2e', 'modules')
  const { code, report, stderr } = await runReport(place, [...kernelWords(`file:${bzImage}`), '--catalogue', catalogue])
  assert.equal(code, 0, stderr)
  assert.deepEqual(
    report.cells.map(({ verdict }) => verdict),
    ['not-applicable'],
  )
  assert.match(report.cells[0]?.summary ?? '', /no module: .* came without modules/)
})
