/** Guests with a whole Debian, reached by ssh: their verdicts are those of the agent alone, and their disk is never written. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { evidenceSchema } from '#schema/evidence.ts'
import { fetchKernel, fetchModules, selectKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { openUserland } from '#harness/userland.ts'
import {
  fetchKernels,
  kernelWords,
  newPlace,
  readReport,
  runReport,
  startCli,
  verdictsOf,
  type Place,
} from '#test/helpers/cli.ts'
import { guestsOf } from '#test/helpers/killed.ts'

/** Seen, not seen and not applicable; with a module of the kernel, a hugetlb pool, and an external module. */
const CASES = ['memfd-exec-seal', 'uffd-eagain-output', 'uffd-wp-mremap', 'block-direct-io-vs-fork', 'hugetlb-mremap-hole']

const context = { workspace: findWorkspace() }
const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make the disk' }
let place: Place & { readonly remove: () => Promise<void> }

before(async () => {
  place = await newPlace()
})
after(() => place.remove())

/** The same kernel as a file with a folder of modules. */
async function asFile(id: string): Promise<string> {
  const [kernel] = await selectKernels([id], context)
  assert.ok(kernel)
  const { bzImage } = await fetchKernel(kernel, context)
  await fetchModules(kernel, ['virtio_blk'], context)
  const folder = join(context.workspace.cache, 'modules')
  const own = (await readdir(folder)).find((name) => name.startsWith(`${id}@`) && !name.endsWith('.plain'))
  assert.ok(bzImage !== null && own !== undefined)
  return `file:${bzImage},modules=${join(folder, own)}`
}

async function evidenceIn(state: string) {
  const folder = join(state, 'evidence')
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('evidence.json'))
  return Promise.all(names.map(async (name) => evidenceSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))))
}

test("a Debian kernel and a file give the initramfs guests' verdicts by ssh", asRoot, async () => {
  const { v61 } = await fetchKernels()
  const { image } = await openUserland('debian:bookworm', context)
  const made = await stat(image.path)
  const words = [...kernelWords(v61, await asFile(v61)), '--cases', CASES.join()]
  const cli = startCli(place, ['run', ...words, '--userland', 'debian', '--rerun', 'all', '--json', '--out', place.out])
  const bySsh = readReport(await cli.ended)
  assert.deepEqual(guestsOf(cli.pid), [])
  const found = await evidenceIn(place.state)
  assert.equal(found.length, 2 * CASES.length)
  for (const { job, guest, kernel } of found) {
    assert.equal(job.profile.userland, 'debian:bookworm')
    assert.equal(guest.origin, 'restored')
    assert.ok(guest.argv.some((word) => word.includes('restrict=on') && word.includes('hostfwd=tcp:127.0.0.1:0-:22')))
    assert.ok(guest.argv.some((word) => word.includes(image.path) && word.includes('"read-only":true')))
    assert.match(kernel.release ?? '', /^6\.1\./)
  }
  const { mtimeMs, size } = await stat(image.path)
  assert.deepEqual([mtimeMs, size], [made.mtimeMs, made.size])
  const plain = await runReport(place, words)
  assert.deepEqual(verdictsOf(bySsh), verdictsOf(plain.report))
  const verdicts = new Set(Object.values(verdictsOf(plain.report)))
  assert.deepEqual([...verdicts].toSorted(), ['carries', 'lacks', 'not-applicable'])
})
