/** What `kwitness controls` says before anything is built. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, test } from 'node:test'
import { newPlace, runCli } from '../helpers/cli.ts'

const place = await newPlace()
after(() => place.remove())

test('a dry run shows what would be built and asked, and builds nothing', async () => {
  const words = ['--series', '5.10', '--fix', '57efa1fe5957', '--fix', '893e26e61d04', '--cases', 'gup-*,uffd-fork-event']
  const { code, stdout, stderr } = await runCli(place, ['controls', ...words, '--dry-run', '--json'])
  assert.equal(code, 0, stderr)
  const { controls, kernels, cases } = JSON.parse(stdout)
  assert.deepEqual(
    controls.map(({ fix }: { fix: string }) => fix),
    ['893e26e61d04', '57efa1fe5957'],
  )
  const [base, ...own] = kernels.map(({ id }: { id: string }) => id)
  assert.match(base, /^tree-5\.10\.\d+-base-/)
  assert.deepEqual(
    own,
    controls.map(({ kernel }: { kernel: string }) => kernel),
  )
  assert.ok(controls.every((control: { base: string; summary: string }) => control.base === base))
  assert.match(controls[0].summary, /^893e26e61d04 taken out of linux-source-5\.10 5\.10\.\d+-/)
  assert.deepEqual(cases, ['gup-fast-vs-fork', 'uffd-fork-event'])
  assert.match(stderr, /plan: 2 controls, 3 kernels x 2 cases = 6 cells/)
  assert.equal(existsSync(place.state), false, 'no run was begun')
})

test('a sweep is of a race', async () => {
  const { code, stderr } = await runCli(place, ['controls', '--sweep', '--series', '5.10', '--cases', 'uffd-*'])
  assert.deepEqual([code, /no control is left to measure/.test(stderr)], [2, true], stderr)
})

test('what cannot be meant is told, with what there is', async () => {
  const line = await runCli(place, ['controls', '--series', '4.4.y'])
  assert.deepEqual([line.code, /no control of 4\.4\n.*5\.10, 6\.1/.test(line.stderr)], [2, true], line.stderr)
  const none = await runCli(place, ['controls', '--resume'])
  assert.deepEqual([none.code, /no unfinished run to resume/.test(none.stderr)], [2, true], none.stderr)
})
