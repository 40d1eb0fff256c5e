/** A case that asks for kernel modules gets them, with what they depend on, from packages of both layouts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bringKernels, kernelWords, newPlace, readReport, ROOT, runCli, verdictsOf } from './cli.ts'

const place = await newPlace()
after(() => place.remove())

test('modules and their dependencies are in the guest before the case begins', async () => {
  const kernels = await bringKernels()
  const words = kernelWords(kernels.v510, kernels.newest)
  const catalogue = join(ROOT, 'test', 'e2e', 'modules')
  const ran = await runCli(place, ['run', ...words, '--catalogue', catalogue, '--json', '--out', place.out])
  assert.equal(ran.code, 0, ran.stderr)
  assert.deepEqual(verdictsOf(readReport(ran)), {
    [`${kernels.v510}/modules`]: 'carries',
    [`${kernels.newest}/modules`]: 'carries',
  })
})
