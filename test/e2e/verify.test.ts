/**
 * Patches on the 5.10 line that fix, do nothing, hurt, do not apply, do not build and are there already: six answers, each
 * with its word and its exit code. The base is the one of the controls; three of the kernels are built here.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import type { Verification } from '#analysis/verify/report.ts'
import { newPlace, startCli } from '../helpers/cli.ts'

const PATCHES = join(import.meta.dirname, 'patches')
const FIX = join(PATCHES, 'a759a909d42d-5.10.patch')
const CASE = 'uffd-mmap-changing-atomic'
const NEIGHBOUR = 'uffd-fork-event'

const place = await newPlace()
after(() => place.remove())

const noEffect = await readFile(join(PATCHES, 'no-effect-5.10.patch'), 'utf8')

async function verify(patch: string, ...more: readonly string[]) {
  const asked = ['verify', '--tree', 'debian-5.10', '--patch', patch, ...more]
  const args = [...asked, '--json', '--out', place.out, '--tester', 'T <t@example.org>']
  const { code, stdout, stderr } = await startCli(place, args, [], (text) => process.stdout.write(text)).ended
  const verification = JSON.parse(stdout || 'null') as Verification | null
  assert.ok(verification, `kwitness verify gave no answer (exit ${code}); it said:\n${stderr}`)
  const [base] = verification.bases
  assert.ok(base)
  return { code, status: verification.status, base, verification }
}

/** A patch of the test's own, made from one that is there. */
async function write(name: string, text: string): Promise<string> {
  const path = join(place.folder, name)
  await writeFile(path, text)
  return path
}

/** A race of the same fix. */
const RACE = 'uffd-change-vs-change'
const cases = ['--cases', `${CASE},${NEIGHBOUR},uffd-copy-vs-fork`]

test('a patch that fixes: its cases, found by its commit, go from lacks to carries, all others stay', async () => {
  const { code, status, base, verification } = await verify(FIX, ...cases)
  assert.deepEqual([status, code], ['fixes', 0], base.summary)
  assert.deepEqual(verification.targets, [RACE, CASE])
  const cells = base.whole?.cells.map((cell) => [cell.case, cell.before, cell.after, cell.change])
  assert.deepEqual(cells, [
    [RACE, 'lacks', 'carries', 'fixed'],
    ['uffd-copy-vs-fork', 'carries', 'carries', 'unchanged'],
    [NEIGHBOUR, 'carries', 'carries', 'unchanged'],
    [CASE, 'lacks', 'carries', 'fixed'],
  ])
  assert.deepEqual([base.whole?.warnings, base.whole?.splats], [[], []])
  const text = await readFile(join(place.out, 'tested-by.txt'), 'utf8')
  const [who, ...what] = text.trimEnd().split(', ')
  assert.match(who ?? '', /^Tested-by: T <t@example\.org> # 5\.10\.\d+$/)
  assert.deepEqual(what.slice(-2), [`${RACE}: lacks -> carries`, `${CASE}: lacks -> carries`])
  assert.match(what.join(), /^qemu-x86_64,\d+ runs,/)
  for (const name of ['verify.txt', 'verify.md', 'verify.html', 'b4.json', 'report.json']) await readFile(join(place.out, name))
})

test('a series that fixes and breaks a neighbour', async () => {
  const breaks = await readFile(inRepository('vm-images', 'controls', '5.10', '893e26e61d04.patch'), 'utf8')
  const head = 'From 1 Mon Sep 17 00:00:00 2001\nSubject: [PATCH '
  const mail = (number: number, text: string) => `${head}${number}/2] part ${number}\n\n${text}\n`
  const mbox = await write('series.mbox', mail(2, breaks) + mail(1, await readFile(FIX, 'utf8')))
  const { code, status, base } = await verify(mbox, '--target', CASE, ...cases)
  assert.deepEqual([status, code], ['breaks-other-case', 1], base.summary)
  // The control that it comes from blinds the case that waits for the event of a fork.
  const hurt = 'uffd-copy-vs-fork (carries, then not-applicable), uffd-fork-event (carries, then lacks)'
  assert.equal(base.summary, `fixes ${CASE} but breaks ${hurt}`)
})

test('a patch that applies and does not fix', async () => {
  const patch = await write('no-effect.patch', noEffect)
  const { code, status, base } = await verify(patch, '--target', CASE, '--cases', CASE)
  assert.deepEqual([status, code], ['no-effect', 1], base.summary)
  assert.match(base.summary, /does not fix uffd-mmap-changing-atomic \(lacks, then lacks\)/)
})

test('a patch that does not apply: the one for another line, with the hunk that does not fit', async () => {
  const other = inRepository('vm-images', 'controls', '6.1', 'a759a909d42d.patch')
  const { code, status, base, verification } = await verify(other, '--target', CASE)
  assert.deepEqual([status, code, verification.run], ['does-not-apply', 1, null])
  assert.match(base.summary, /^does not apply: 1 of 1 hunk rejected \(fs\/userfaultfd\.c hunk 1\)$/)
})

test('a patch that does not build, with the first error of the compiler', async () => {
  const noBuild = noEffect.replace('+\tWRITE_ONCE(ctx->mmap_changing, false)', '+\tnothing_of_that_name = 1')
  const patch = await write('no-build.patch', noBuild)
  const { code, status, base, verification } = await verify(patch, '--target', CASE)
  assert.deepEqual([status, code, verification.run], ['does-not-build', 1, null])
  assert.match(base.summary, /fs\/userfaultfd\.c:\d+:\d+: error: .nothing_of_that_name. undeclared/)
})

test('a patch that is there already', async () => {
  const [minus, plus] = ['-\tctx->mmap_changing = false;', '+\tWRITE_ONCE(ctx->mmap_changing, false);']
  const backwards = noEffect.replace(`${minus}\n${plus}`, `-${plus.slice(1)}\n+${minus.slice(1)}`)
  assert.notEqual(backwards, noEffect)
  const { code, status, base, verification } = await verify(await write('there.patch', backwards), '--target', CASE)
  assert.deepEqual([status, code, verification.run], ['already-applied', 4, null])
  assert.equal(base.summary, 'is already applied exactly')
})

test('what is asked wrongly is usage: no tree, no patch, a case that is not there, a form that is none', async () => {
  const wrong = [
    ['--patch', FIX],
    ['--tree', 'debian-5.10'],
    ['--tree', 'debian-5.10', '--patch', FIX, '--target', 'nowhere'],
    ['--tree', 'debian-5.10', '--patch', FIX, '--format', 'poem'],
    ['--tree', 'debian-5.10', '--patch', join(place.folder, 'nowhere.patch')],
  ]
  for (const args of wrong) assert.equal((await startCli(place, ['verify', ...args]).ended).code, 2, args.join(' '))
})
