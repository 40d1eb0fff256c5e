/** Disk images of users: as a kernel that its own disk boots, and as the userland of another kernel. No image is ever written. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { evidenceSchema } from '#schema/evidence.ts'
import { hashFile } from '#harness/support/hash.ts'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, qemus, runCli, runReport, type Place } from '#test/helpers/cli.ts'
import { testImage, type TestImage } from './disk-image.ts'

/** Seen, not seen and not applicable; with a module of the kernel, and a hugetlb pool. */
const CASES = ['memfd-exec-seal', 'uffd-eagain-output', 'uffd-wp-mremap', 'hugetlb-mremap-hole']

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make the image' }
let place: Place & { readonly remove: () => Promise<void> }
let image: TestImage
let untouched: string[] = []

const stateOf = (path: string) => Promise.all([hashFile(path), stat(path).then(({ size, mtimeMs }) => `${size} ${mtimeMs}`)])

before(async () => {
  place = await newPlace()
  if (asRoot.skip) return
  image = await testImage()
  untouched = (await Promise.all([image.qcow2, image.raw].map(stateOf))).flat()
})
after(() => place.remove())

async function evidenceIn(state: string) {
  const folder = join(state, 'evidence')
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('evidence.json'))
  return Promise.all(names.map(async (name) => evidenceSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))))
}

const verdictsOn = ({ cells }: Report, kernel: string) =>
  Object.fromEntries(cells.filter((cell) => cell.kernel === kernel).map((cell) => [cell.case, cell.verdict]))

test(
  "an image boots its own kernel, and is the userland of another one, with the initramfs guests' verdicts",
  asRoot,
  async () => {
    const { v61 } = await fetchKernels()
    const own = `image:${image.qcow2},user=admin,key=${image.key}`
    const words = ['--cases', CASES.join()]
    const request = ['--kernels', own, ...kernelWords(v61), ...words, '--userland', `image:${image.raw}`]
    const { report, stderr } = await runReport(place, request)
    const kernel = report.kernels.find(({ provider }) => provider === 'image')
    assert.match(kernel?.id ?? stderr, /^image-6\.1\.\d+-[0-9a-f]{12}$/)
    assert.equal(kernel?.series, '6.1.y')
    const evidence = await evidenceIn(place.state)
    assert.equal(evidence.length, 2 * CASES.length)
    for (const { job, guest, kernel: booted } of evidence) {
      const isOwn: boolean = job.kernel === kernel?.id
      assert.equal(guest.bootMethod, isOwn ? 'pc-disk' : 'pc-bzimage')
      assert.equal(guest.origin, 'restored')
      assert.match(job.profile.userland ?? '', isOwn ? /^own$/ : /^image:[0-9a-f]{12}$/)
      assert.match(booted.release ?? '', /^6\.1\.0-\d+-cloud-amd64$/)
      const argv = guest.argv.join(' ')
      assert.match(argv, /restrict=on.*hostfwd=tcp:127\.0\.0\.1:0-:22/)
      assert.equal(argv.includes('-kernel'), !isOwn)
      assert.ok(argv.includes('snapshot=on'), 'what the attempt writes is thrown away')
    }
    assert.deepEqual((await Promise.all([image.qcow2, image.raw].map(stateOf))).flat(), untouched)

    const plain = await runReport(place, [...kernelWords(v61), ...words])
    assert.deepEqual(verdictsOn(report, v61), verdictsOn(plain.report, v61))
    assert.deepEqual([...new Set(Object.values(verdictsOn(plain.report, v61)))].toSorted(), [
      'carries',
      'lacks',
      'not-applicable',
    ])
    // The kernel on the disk is a later one of the series, whose answers are of the same kinds and none of them an error.
    const ownVerdicts = Object.values(verdictsOn(report, kernel?.id ?? ''))
    assert.equal(ownVerdicts.length, CASES.length)
    assert.ok(
      ownVerdicts.every((verdict) => ['carries', 'lacks', 'not-applicable'].includes(verdict)),
      ownVerdicts.join(),
    )
    assert.deepEqual(
      qemus(({ argv }) => argv.some((word) => word.includes(image.qcow2) || word.includes(image.raw))),
      [],
    )
  },
)

test(
  'a login that the image refuses is said with the end of its console, and no boot is waited for in vain',
  asRoot,
  async () => {
    const copy = `${place.folder}/copy.qcow2`
    const { runCommand } = await import('#harness/support/process.ts')
    await runCommand('cp', ['--reflink=auto', image.qcow2, copy])
    await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(place.folder, 'stranger')])
    const selector = `image:${copy},user=admin,key=${join(place.folder, 'stranger')}`
    const { code, stderr } = await runCli(place, ['run', '--kernels', selector, '--cases', 'memfd-exec-seal'])
    assert.equal(code, 2, stderr)
    assert.match(stderr, /did not boot to a session: .*admin cannot log in with this key/)
    assert.match(stderr, /the end of its console:\n(?:.*\n)*.*disk: booted/)
  },
)
