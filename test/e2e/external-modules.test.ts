/** An external module is compiled for the kernel and reaches the guest; where it cannot be compiled, the reason does. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { fetchKernels, kernelWords, newPlace, runReport } from '../helpers/cli.ts'

const place = await newPlace()
after(() => place.remove())

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
