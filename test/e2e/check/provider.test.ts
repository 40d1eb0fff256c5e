/** Machines in use as kernels of `kwitness run`: alone, and beside a kernel that is booted. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Report } from '#domain/report/matrix.ts'
import { fetchKernels, kernelWords, newPlace, readReport, runCli, runReport, type Place } from '#test/helpers/cli.ts'
import { writeFleet } from './fleet-config.ts'
import { makeKey, SSHD, startServer, type Server } from './sshd.ts'

const CASES = join(import.meta.dirname, 'cases')
const asRoot = { skip: SSHD === null ? 'needs root and openssh-server' : false }
let folder = ''
let config = ''
let place: Place & { readonly remove: () => Promise<void> }
let server: Server | undefined

before(async () => {
  place = await newPlace()
  folder = await mkdtemp(join(tmpdir(), 'check-provider-'))
  if (SSHD === null) return
  const key = await makeKey(join(folder, 'key'))
  server = await startServer(folder, key, { name: 'server' })
  const { port, hostKey } = server
  config = await writeFleet(folder, [
    { name: 'db1', port, known: hostKey },
    { name: 'stranger', port, known: null },
  ])
})
after(async () => {
  await server?.stop()
  await place.remove()
  await rm(folder, { recursive: true, force: true })
})

const words = (cases: string): string[] => ['--catalogue', CASES, '--cases', cases]
const verdictsOf = ({ kernels, cells }: Report, host: string): Record<string, string> => {
  const own = kernels.find((kernel) => (host === 'guest' ? kernel.provider !== 'host' : kernel.host === host))
  return Object.fromEntries(cells.filter((cell) => cell.kernel === own?.id).map((cell) => [cell.case, cell.verdict]))
}

test('a run on this machine alone says what check says, and runs nothing destructive', async () => {
  const quick = words('seen,unseen,destroys')
  const { code, report, stderr } = await runReport(place, ['--kernels', 'running', ...quick])
  assert.equal(code, 0, stderr)
  const checked = readReport(await runCli(place, ['check', ...quick, '--json', '--out', place.out]))
  assert.equal(report.kernels.length, 1)
  const host = report.kernels[0]?.host ?? ''
  assert.deepEqual(verdictsOf(report, host), { destroys: 'not-applicable', seen: 'lacks', unseen: 'carries' })
  assert.deepEqual(verdictsOf(report, host), verdictsOf(checked, host))
  assert.deepEqual(
    report.hosts?.map((one) => [one.host, one.outcome]),
    [['running', 'checked']],
  )
})

test('this machine, one by ssh and a kernel that is booted are rows of one matrix', asRoot, async () => {
  const { v61 } = await fetchKernels()
  const request = ['run', '--kernels', 'running,ssh:db1', ...kernelWords(v61), ...words('seen,unseen'), '--ssh-config', config]
  const all = await runCli(place, [...request, '--json', '--out', place.out])
  assert.equal(all.code, 0, all.stderr)
  const report = readReport(all)
  assert.equal(report.kernels.length, 3)
  const here = report.kernels.find(({ host }) => host !== undefined && host !== 'db1')?.host ?? ''
  for (const name of [here, 'db1', 'guest']) {
    assert.deepEqual(verdictsOf(report, name), { seen: 'lacks', unseen: 'carries' }, name)
  }
  assert.deepEqual(
    report.hosts?.map((one) => [one.host, one.outcome]),
    [
      ['running', 'checked'],
      ['db1', 'checked'],
    ],
  )
  assert.equal(report.run.complete, true)
  // What the guests answered is reused; the machines are asked again.
  const again = await runCli(place, [...request, '--json', '--out', place.out, '--baseline', 'latest'])
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stderr, /db1: checked/)
  const reused = readReport(again).cells.filter((cell) => cell.reused !== undefined)
  assert.deepEqual([...new Set(reused.map(({ kernel }) => kernel))], [v61])
})

test('a machine that cannot be asked holds up no guest, and is named', asRoot, async () => {
  const { v61 } = await fetchKernels()
  const request = ['--kernels', `ssh:stranger,ssh:root@127.0.0.1:1`, ...kernelWords(v61), ...words('unseen')]
  const { code, report, stderr } = await runReport(place, [...request, '--ssh-config', config])
  assert.equal(code, 3, stderr)
  assert.deepEqual(
    report.hosts?.map((one) => [one.host, one.outcome]),
    [
      ['stranger', 'host-key-unknown'],
      ['root@127.0.0.1:1', 'unreachable'],
    ],
  )
  assert.deepEqual(verdictsOf(report, 'guest'), { unseen: 'carries' })
})

test('what machines in use cannot do is refused before anything is asked', async () => {
  const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['run', '--kernels', 'running', '--suite', 'kselftest:mm', '--tree', '.'], /--suite asks guests/],
    [['run', '--kernels', 'running', '--dry-run'], /--dry-run cannot plan for machines in use/],
    [['run', '--kernels', 'running', '--git-tree', '.'], /--git-tree goes with guests/],
    [['run', '--kernels', 'ssh:db1,ssh:db1'], /db1 is named twice/],
    [['run', '--kernels', 'ssh:-oProxyCommand=id'], /is not the name of a machine/],
    [['run', '--kernels', 'ssh:'], /is not the name of a machine/],
    [['boundary', '--kernels', 'running', '--cases', 'all'], /running names a machine in use/],
    [['kernels', 'pull', 'ssh:db1'], /ssh:db1 names a machine in use/],
  ]
  for (const [args, says] of refused) {
    const { code, stderr } = await runCli(place, args)
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, says)
  }
})
