/**
 * What kwitness needs of QEMU, item by item, on one kernel: it boots by each method, saves, restores and forks guests, maps the
 * payload, keeps the sandbox, stops at every boundary of a window, and tells endings apart. `npm run test:hosts` runs this file
 * with the QEMU of other distributions.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { bootFile, BOOT_METHODS, bootWith, type BootInputs } from '#harness/boot/qemu/boot.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { inRepository } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { attemptsOf, fetchKernels, kernelWords, newPlace, runReport, startCli, until, verdictsOf } from '#test/helpers/cli.ts'

const LIMIT_SECONDS = 120
const CASES = join(import.meta.dirname, '..', 'e2e', 'cases')
const ENDINGS = join(import.meta.dirname, '..', 'e2e', 'endings')
const HOSTILE = join(import.meta.dirname, '..', 'e2e', 'hostile')
/** Of guests of one kind: five are worth a fork server, one is not. */
const FORKED = ['uffd-mmap-changing-atomic', 'uffd-fork-event', 'uffd-eagain-output', 'uffd-low-address', 'mremap-uffd-merge']

const place = await newPlace('guests')
let kernel: string

before(async () => {
  kernel = (await fetchKernels()).v61
})
after(() => place.remove())

const run = (...words: readonly string[]) => runReport(place, [...kernelWords(kernel), '--accel', 'tcg', ...words])
const originsOf = ({ cells }: Report): string[] => cells.flatMap(({ attempts }) => attempts.map(({ origin }) => origin))

describe('boots', () => {
  let inputs: BootInputs

  before(async () => {
    const context = { workspace: findWorkspace() }
    const [listed] = await selectKernels([kernel], context)
    assert.ok(listed)
    const { cache } = context.workspace
    const host = await readHost(cache)
    const initramfs = await buildInitramfs(cache, inRepository('vm-images', 'guest'))
    const profile = { arch: 'x86_64', accelerator: 'tcg', cpus: 2, memoryMiB: 512, cmdline: [] } as const
    inputs = { image: await fetchKernel(listed, context), initramfs, profile, host }
  })

  for (const method of BOOT_METHODS) {
    test(`by ${method}`, async () => {
      const file = bootFile(inputs.image, method)
      assert.ok(file)
      const options = { memory: { kind: 'plain' }, payload: null, limitSeconds: LIMIT_SECONDS } as const
      const booted = await bootWith(method, file, inputs, options)
      assert.ok(booted.ok, booted.ok ? '' : booted.reason)
      await booted.qemu.kill()
      assert.equal(booted.hello.cpus, 2)
    })
  }
})

test('saves a guest and restores it, which answers as a booted one does', async () => {
  const [few] = FORKED
  const booted = await run('--cases', `${few}`, '--no-snapshot')
  const restored = await run('--cases', `${few}`)
  assert.deepEqual(originsOf(booted.report), ['booted'], booted.stderr)
  assert.deepEqual(originsOf(restored.report), ['restored'], restored.stderr)
  assert.deepEqual(verdictsOf(booted.report), verdictsOf(restored.report))
})

test('forks guests, which answer as restored ones do', async () => {
  const restored = await run('--cases', FORKED.join(), '--no-fork')
  const forked = await run('--cases', FORKED.join())
  assert.deepEqual([...new Set(originsOf(restored.report))], ['restored'], restored.stderr)
  assert.deepEqual([...new Set(originsOf(forked.report))], ['forked'], forked.stderr)
  assert.equal(Object.keys(verdictsOf(forked.report)).length, FORKED.length)
  assert.deepEqual(verdictsOf(forked.report), verdictsOf(restored.report))
})

for (const [how, words] of [
  ['a booted', ['--no-snapshot']],
  ['a restored', ['--no-fork']],
] as const) {
  test(`maps a payload of 4 MiB into ${how} guest, each page of it`, async () => {
    const { report, stderr } = await run('--catalogue', CASES, '--cases', 'large', ...words)
    const [attempt] = report.cells[0]?.attempts ?? []
    assert.equal(attempt?.outcome, 'not-reproduced', stderr)
    assert.ok(attempt.output.some((line) => line.includes('1048576 words, 0 of them wrong')))
  })
}

test('runs in its sandbox, and ends with the run', async (t) => {
  const cli = startCli(place, ['run', ...kernelWords(kernel), '--accel', 'tcg', '--catalogue', CASES, '--cases', 'waits'])
  t.after(() => cli.kill('SIGKILL'))
  const [qemu] = await until('the guest of the case', () => {
    const found = attemptsOf(cli.pid)
    return found.length > 0 && found
  })
  assert.ok(qemu)
  // It enters the sandbox when it has read its options.
  const status = await until('its sandbox', () => {
    const text = readFileSync(`/proc/${qemu.pid}/status`, 'utf8')
    return /^Seccomp:\t2$/m.test(text) && text
  })
  assert.match(status, /^NoNewPrivs:\t1$/m)
  cli.kill('SIGINT')
  assert.equal((await cli.ended).code, 130)
  assert.deepEqual(attemptsOf(cli.pid), [])
})

test('a panic, a hang, a reset and a triple fault are told apart', async () => {
  const endings = async (catalogue: string, ...ids: readonly string[]) => {
    const { report } = await run('--catalogue', catalogue, '--cases', ids.join())
    return report.cells.map(({ case: id, attempts }) => [id, attempts[0]?.outcome, attempts[0]?.ending])
  }
  assert.deepEqual(await endings(ENDINGS, 'hang-of-guest', 'panic-before-step', 'panic-in-step'), [
    ['hang-of-guest', 'reproduced', 'kernel hung'],
    ['panic-before-step', 'unrelated-crash', 'panic'],
    ['panic-in-step', 'reproduced', 'panic'],
  ])
  assert.deepEqual(await endings(HOSTILE, 'reset', 'triple-fault'), [
    ['reset', 'unrelated-crash', 'guest stopped'],
    ['triple-fault', 'unrelated-crash', 'triple fault'],
  ])
})

test('its debugger stops a race at every boundary of its window', async () => {
  const { report, stderr } = await run('--cases', 'gup-fast-vs-fork')
  const [cell] = report.cells
  assert.equal(cell?.verdict, 'carries', stderr)
  assert.ok(cell.schedule && cell.schedule.boundaries > 300)
  assert.equal(cell.schedule.tried, cell.schedule.boundaries)
})
