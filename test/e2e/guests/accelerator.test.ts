/** What a guest proves of the accelerator of this host: one that does not work is found out once, or refused by name. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fetchKernels, mayMount, newPlace, readReport, runCli, runReport, type Kernels, type Place } from '#test/helpers/cli.ts'
import { request, storeIn } from './request.ts'

const place = await newPlace('guests and host')
let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})
after(() => place.remove())

const at = (name: string): Place => storeIn(place, name)

/* A file that is not KVM in its place: one that works would be found, and one that is silent is waited for for minutes. */
const hide = 'mount --bind /dev/null /dev/kvm 2>/dev/null; exec "$@"'
const prefix = mayMount() ? ['unshare', '--mount', 'sh', '-c', hide, 'sh'] : []

test('an accelerator that is useless is found out by a guest, said once, and not asked again', async (t) => {
  const words = ['run', ...request(kernels.v510), '--json', '--out', place.out]
  const first = await runCli(at('accelerator'), words, prefix)
  assert.equal(first.code, 0, first.stderr)
  if (readReport(first).run.host.accelerator === 'kvm') return t.skip('KVM works here, and this user may not hide it')
  assert.equal(first.stderr.match(/guests run under TCG, slower: .*\/dev\/kvm/g)?.length, 1, first.stderr)
  const second = await runCli(at('accelerator'), words, prefix)
  assert.doesNotMatch(second.stderr, /guests run under TCG/)
  assert.equal(readReport(second).run.host.accelerator, 'tcg')
})

test('an accelerator that does not work and is asked for by name is refused', async (t) => {
  const { report } = await runReport(at('accelerator'), request(kernels.v510))
  if (report.run.host.accelerator === 'kvm') return t.skip('KVM works here')
  const { code, stderr } = await runCli(at('accelerator'), ['run', ...request(kernels.v510), '--accel', 'kvm'], prefix)
  assert.equal(code, 3)
  assert.match(stderr, /KVM was asked for and does not work here: .*\/dev\/kvm/)
})
