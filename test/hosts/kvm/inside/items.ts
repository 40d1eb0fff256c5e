/** What must hold under KVM, one item each. */
import assert from 'node:assert/strict'
import { attemptsOf, note, qemus, reportOf, run, start, until, verdictsOf, type Setup } from './product.ts'

interface Item {
  readonly name: string
  readonly check: (setup: Setup) => Promise<void>
}

/** A case that is quick, deterministic and answers on every kernel. */
const CASE = 'uffd-eagain-output'

const kernelWords = (kernels: readonly string[]): string[] => kernels.flatMap((path) => ['--kernels', `file:${path}`])

/** Verdicts among the expected ones, for these cells. */
const expected = ({ verdicts }: Setup, found: Readonly<Record<string, string>>): Record<string, string | undefined> =>
  Object.fromEntries(Object.keys(found).map((key) => [key, verdicts[key]]))

async function diagnose() {
  const { stdout } = await start('doctor', ['doctor', '--json']).ended
  const { accelerator } = JSON.parse(stdout) as {
    accelerator: { accelerator: string; kvm: { outcome: string; why: string | null } | null; bootSeconds: number | null } | null
  }
  return accelerator
}

/** Whether a QEMU carries a case, unlike one that proves KVM, measures a boot or is saved (harness/boot/qemu/argv.ts). */
const carriesCase = ({ argv }: { readonly argv: readonly string[] }): boolean =>
  argv.some((word) => /,id=payload,.*,share=off$/.test(word))

const usesKvm = ({ argv }: { readonly argv: readonly string[] }): boolean =>
  argv[argv.indexOf('-accel') + 1] === 'kvm' && argv[argv.indexOf('-cpu') + 1] === 'host'

export const items: readonly Item[] = [
  {
    name: 'a guest proves KVM, and a booted one answers',
    check: async (setup) => {
      const { code, report } = await run('booted', [...kernelWords(setup.kernels.slice(0, 1)), '--cases', CASE, '--no-snapshot'])
      const [attempt, ...more] = attemptsOf(report)
      assert.deepEqual([code, more.length, attempt?.origin], [0, 0, 'booted'])
      assert.ok(attempt && usesKvm(attempt))
      assert.deepEqual(verdictsOf(report), expected(setup, verdictsOf(report)))
      const known = await diagnose()
      note(`doctor: ${known?.kvm?.outcome}, ${known?.kvm?.why}; a guest boots in ${known?.bootSeconds?.toFixed(1)} s`)
      assert.equal(known?.accelerator, 'kvm')
    },
  },
  {
    name: 'a guest is saved, restored, and answers',
    check: async (setup) => {
      const { code, report, stderr } = await run('restored', [...kernelWords(setup.kernels.slice(0, 1)), '--cases', CASE])
      assert.match(stderr, /: booted in \d+\.\d s/)
      const [attempt, ...more] = attemptsOf(report)
      assert.deepEqual([code, more.length, attempt?.origin], [0, 0, 'restored'])
      assert.ok(attempt && usesKvm(attempt))
      assert.deepEqual(verdictsOf(report), expected(setup, verdictsOf(report)))
    },
  },
  {
    name: 'three cases on two kernels answer as under TCG; KVM forks no guest, and a run says so',
    check: async (setup) => {
      const { report, stderr } = await run('matrix', [...kernelWords(setup.kernels), '--cases', setup.cases.join()])
      assert.equal(report.cells.length, 6)
      assert.deepEqual(verdictsOf(report), expected(setup, verdictsOf(report)))
      assert.deepEqual([...new Set(attemptsOf(report).map(({ origin }) => origin))], ['restored'])
      assert.match(stderr, /guests cannot be forked here \(a virtual machine of KVM belongs to the process that made it\)/)
    },
  },
  {
    name: 'clocks of a restored guest are right',
    check: async (setup) => {
      const before = Date.now()
      const words = [...kernelWords(setup.kernels.slice(0, 1)), '--catalogue', '/suite/cases', '--cases', 'clocks']
      const { report } = await run('clocks', words)
      const [attempt] = attemptsOf(report)
      assert.deepEqual([attempt?.origin, attempt?.outcome], ['restored', 'not-reproduced'])
      const output = attempt?.diagnostics.join('; ') ?? ''
      note(output)
      const [, source, wall = '', monotonic = ''] = /clocks: source=(\S+) wall=(\d+) monotonic=(\d+)/.exec(output) ?? []
      assert.ok(source)
      assert.ok(Number(wall) >= before && Number(wall) <= Date.now(), `the wall clock is ${Number(wall) - before} ms off`)
      // A restored guest goes on where it was saved: right behind its boot.
      assert.ok(Number(monotonic) < 600_000, `the monotonic clock shows ${monotonic} ms`)
    },
  },
  {
    name: 'interleavings are planned for TCG, and the plan says so',
    check: async (setup) => {
      const words = [...kernelWords(setup.kernels.slice(0, 1)), '--cases', 'gup-fast-vs-fork', '--dry-run']
      const { code, stdout, stderr } = await start('schedule', ['run', '--accel', 'kvm', ...words]).ended
      assert.equal(code, 0)
      assert.match(stdout + stderr, /, kvm, seed \d+\n/)
      assert.match(stdout + stderr, /under TCG, where QEMU's debugger steps them: gup-fast-vs-fork\n/)
    },
  },
  {
    name: 'a guest that ends in a triple fault is told as that',
    check: async (setup) => {
      const words = [...kernelWords(setup.kernels.slice(0, 1)), '--catalogue', '/root/kwitness/test/e2e/hostile']
      const { code, report } = await run('hostile', [...words, '--cases', 'triple-fault'])
      assert.equal(code, 1)
      const ends = attemptsOf(report).map(({ outcome, ending }) => [outcome, ending])
      assert.deepEqual([...new Set(ends.map(String))], ['unrelated-crash,triple fault'])
    },
  },
  {
    name: 'kill -9 leaves no QEMU, and --resume ends with the same matrix',
    check: async (setup) => {
      const words = [...kernelWords(setup.kernels), '--cases', setup.cases.join()]
      const killed = start('killed', ['run', '--accel', 'kvm', ...words, '--out', '/root/out/killed'])
      await until('the guest of an attempt', () => qemus().some(carriesCase))
      killed.kill()
      await killed.ended
      await until('its QEMUs to end', () => qemus().length === 0)
      const ended = await start('killed', ['run', '--resume', '--json', '--out', '/root/out/killed']).ended
      const report = reportOf(ended)
      assert.equal(report.cells.length, 6)
      assert.deepEqual(verdictsOf(report), expected(setup, verdictsOf(report)))
      assert.deepEqual(qemus(), [])
    },
  },
]
