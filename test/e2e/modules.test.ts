/** A case that asks for kernel modules gets them, of the kernel or of its own; where there are none it is told why. */
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
  const ran = await runCli(place, ['run', ...words, '--catalogue', catalogue, '--json', '--with-logs', '--out', place.out])
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

test('a kernel with headers takes the module and shows what it does; one without is not asked, and why is said', async () => {
  const { v61 } = await fetchKernels()
  const context = { workspace: { cache: place.cache, state: place.state } }
  const [kernel] = await selectKernels([v61], context)
  assert.ok(kernel)
  const { bzImage } = await fetchKernel(kernel, context)
  const catalogue = inRepository('test', 'e2e', 'external-modules')
  const words = kernelWords(v61, `file:${bzImage}`)
  const { code, report, stderr } = await runReport(place, [...words, '--catalogue', catalogue])
  assert.equal(code, 0, stderr)
  const cells = report.cells.map(({ kernel: id, verdict, summary }) => [id === v61, verdict, summary])
  assert.deepEqual(cells.map(([own, verdict]) => [own, verdict]).toSorted(), [
    [false, 'not-applicable'],
    [true, 'carries'],
  ])
  const [withHeaders, without] = report.cells.toSorted((a) => (a.kernel === v61 ? -1 : 1))
  const said = withHeaders?.attempts[0]?.output ?? []
  assert.ok(
    said.some((line) => /^# the module says 6\.1\.0-\d+-cloud-amd64$/.test(line)),
    said.join('\n'),
  )
  assert.match(without?.summary ?? '', /no module: a kernel image from a file comes with no headers/)
})
