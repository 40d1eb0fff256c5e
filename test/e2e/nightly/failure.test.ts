/** A night that fails, by the command line that a timer starts: word of it goes out once, and the exit code says so. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { readDebianIndex } from '#harness/kernels/debian/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { Notice } from '#domain/report/notice.ts'
import { noticeSchema } from '#schema/report/notice.ts'
import { fetchKernels, newPlace, runCli, type Place } from '#test/helpers/cli.ts'

/** A webhook, the notices that it got, and the configuration that names it. */
async function prepareNight(t: TestContext, place: Place, lines: readonly string[]) {
  const got: Notice[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      got.push(noticeSchema.parse(JSON.parse(body)))
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const config = join(place.folder, 'nightly.yaml')
  await writeFile(config, [...lines, `notify: { to: [{ kind: webhook, url: "${url}" }] }`].join('\n'))
  return { got, night: ['nightly', '--config', config] }
}

/** A cache that holds the runtime and nothing else. */
async function emptyCache({ folder }: Place): Promise<string> {
  const cache = join(folder, 'empty-cache')
  await mkdir(cache)
  for (const name of ['node-24', 'compile']) await symlink(join(findWorkspace().cache, name), join(cache, name))
  return cache
}

/** A mirror that does not answer. */
const GONE = ['--mirror', 'http://127.0.0.1:9/']

test('the mirror is gone and no kernel is known', async (t) => {
  const place = await newPlace()
  t.after(place.remove)
  const { got, night } = await prepareNight(t, place, ['kernels: [default]'])
  const there = { ...place, cache: await emptyCache(place) }
  for (let count = 0; count < 2; count += 1) {
    const { code, stderr } = await runCli(there, [...night, ...GONE])
    assert.equal(code, 3, stderr)
    assert.match(stderr, /gave no index of any Debian suite/)
  }
  assert.equal(got.length, 1)
  assert.match(got[0]?.failure ?? '', /gave no index of any Debian suite.*\ncheck the network/s)
})

test('the mirror is gone and kernels are known: the night runs, and says so', async (t) => {
  const place = await newPlace('guests')
  t.after(place.remove)
  const { v61 } = await fetchKernels()
  const { root: known } = await readDebianIndex({ workspace: findWorkspace() })
  await rm(join(place.cache, 'apt'))
  const root = await openAptRoot({ workspace: place, mirror: 'http://127.0.0.1:9/' })
  await cp(join(known.folder, 'index.json'), join(root.folder, 'index.json'))
  const { got, night } = await prepareNight(t, place, [`kernels: ["${v61}"]`, 'cases: [prctl-auxv-tail]', 'oldest: 0'])
  const { code, stderr } = await runCli(place, [...night, ...GONE])
  assert.equal(code, 3, stderr)
  const [first, ...more] = got
  assert.deepEqual([first?.failure, first?.counts['no-result'], more], [null, 0, []])
  assert.match(first?.problems.join() ?? '', /^the mirror could not be reached, so new kernels go unnoticed: .* those of \d{4}-/)
})

test('the disk of the store is full', async (t) => {
  const place = await newPlace()
  const disk = join(place.folder, 'disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'kwitness-test', disk], { stdio: 'pipe' })
  } catch {
    await place.remove()
    t.skip('a small file system cannot be mounted here (needs root)')
    return
  }
  t.after(async () => {
    execFileSync('umount', [disk])
    await place.remove()
  })
  const fill = async (): Promise<void> => {
    for (;;) await writeFile(join(disk, 'full'), Buffer.alloc(4096), { flag: 'a' })
  }
  await assert.rejects(fill, { code: 'ENOSPC' })
  const { got, night } = await prepareNight(t, place, ['kernels: [default]', 'refresh: false'])
  for (let count = 0; count < 2; count += 1) {
    const { code, stderr } = await runCli({ ...place, state: join(disk, 'state') }, night)
    assert.equal(code, 3, stderr)
  }
  assert.match(got[0]?.failure ?? '', /ENOSPC.*\nfree some space/s)
  assert.equal(got.length, 1)
})

test('the store is broken, and mended: its nights are told of both', async (t) => {
  const place = await newPlace()
  t.after(place.remove)
  const { v61 } = await fetchKernels()
  const lines = [`kernels: ["${v61}"]`, 'cases: [prctl-auxv-tail]', 'refresh: false', 'oldest: 0', 'sample: 0']
  const { got, night } = await prepareNight(t, place, lines)
  const store = join(place.state, 'store.sqlite')
  await mkdir(place.state)
  await writeFile(store, 'this is not a database, however long one looks at it'.repeat(100))
  const broken = await runCli(place, night)
  assert.equal(broken.code, 3, broken.stderr)
  assert.match(got[0]?.failure ?? '', /store\.sqlite/)
  await cp(store, `${store}.broken`)
  await writeFile(store, '')
  const mended = await runCli(place, night)
  assert.equal(mended.code, 0, mended.stderr)
  const again = await runCli(place, night)
  assert.equal(again.code, 0, again.stderr)
  assert.deepEqual(
    got.map(({ failure, diff, run }) => [failure === null, diff, run === null]),
    [
      [false, null, true],
      [true, null, false],
    ],
    'the failure, the first night, and silence where nothing changed',
  )
  assert.ok(await readFile(join(place.state, 'nightly/nightly/state.json'), 'utf8'))
})
