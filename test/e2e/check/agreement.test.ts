/**
 * A check of a machine and guests of the same kernel agree: the machine is a guest with a whole Debian that ssh reaches, so that
 * its kernel is known, and is one that the guests boot, too.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import { bootFastest } from '#harness/boot/qemu/boot.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import { forwardedPort } from '#harness/boot/qemu/session.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { openGuestKeys } from '#harness/transport/ssh2/keys.ts'
import { diskInputs } from '#harness/userland.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, runReport, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from './fleet-config.ts'

/** Seen and not seen in 6.1, by the kernel alone; nothing that needs a module. */
const CASES = [
  'uffd-eagain-output',
  'uffd-wp-mremap',
  'hugetlb-mremap-hole',
  'mremap-uffd-merge',
  'prctl-auxv-tail',
  'uffd-mmap-changing-atomic',
]
const BOOT_SECONDS = 60

const context = { workspace: findWorkspace() }
const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make the disk' }
let place: Place & { readonly remove: () => Promise<void> }
let folder = ''

before(async () => {
  place = await newPlace()
  folder = await mkdtemp(join(tmpdir(), 'check-agreement-'))
})
after(async () => {
  await place.remove()
  await rm(folder, { recursive: true, force: true })
})

const verdictsOf = ({ cells }: Report): Record<string, Verdict> =>
  Object.fromEntries(cells.map((cell) => [cell.case, cell.verdict]))

test('a machine by ssh says what guests of its kernel say, and its column stands beside it', asRoot, async () => {
  const { v61 } = await fetchKernels()
  const guests = await runReport(place, [...kernelWords(v61), '--cases', CASES.join()])
  const [kernel] = await selectKernels([v61], context)
  assert.ok(kernel)
  const inputs = {
    image: await fetchKernel(kernel, context),
    profile: { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: [] } as const,
    host: await readHost(context.workspace.cache),
    ...(await diskInputs('debian:bookworm', kernel, context)),
  }
  const plain = async () => ({ kind: 'plain' }) as const
  const booted = await bootFastest(context.workspace.cache, inputs, plain, { payload: null, limitSeconds: BOOT_SECONDS })
  assert.ok(booted.ok, booted.ok ? '' : booted.reason)
  try {
    const { client, host } = await openGuestKeys(context.workspace.cache)
    await writeFile(join(folder, 'key'), client.private, { mode: 0o600 })
    const config = await writeFleet(folder, [{ name: 'guest', port: await forwardedPort(booted.qemu), known: host.public }])
    const words = ['--host', 'guest', '--ssh-config', config, '--cases', CASES.join(), '--json', '--out', place.out]
    const checked = await runCli(place, ['check', ...words])
    const report = readReport(checked)
    assert.deepEqual(
      report.hosts?.map((one) => [one.host, one.outcome, one.nearest?.kernel]),
      [['guest', 'checked', v61]],
      checked.stderr,
    )
    const [here, there] = [verdictsOf(report), verdictsOf(guests.report)]
    assert.deepEqual(report.hosts?.[0]?.nearest?.verdicts, there)
    const unlike = Object.keys(there).filter((id) => here[id] !== there[id])
    assert.deepEqual(report.hosts?.[0]?.nearest?.differs?.toSorted(), unlike.toSorted())
    const both = Object.keys(there).filter((id) => here[id] !== 'not-applicable' && there[id] !== 'not-applicable')
    assert.ok(both.length >= 3, JSON.stringify({ here, there }))
    for (const id of both) assert.equal(here[id], there[id], id)
    assert.ok(both.some((id) => here[id] === 'lacks') && both.some((id) => here[id] === 'carries'), JSON.stringify(here))
    const shown = await runCli(place, ['report'])
    assert.match(shown.stdout, /^guest beside Debian 6\.1\.\d+: \d of \d alike$/m)
    assert.ok(shown.stdout.includes(', the same build\n'), shown.stdout)
  } finally {
    await booted.qemu.kill()
  }
})
