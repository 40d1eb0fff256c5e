/** An interactive guest, on a terminal (by script(1)) and without one; and a case checked in a guest. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernels, newPlace, qemus, runCli, type Place } from '#test/helpers/cli.ts'

const CASE = 'uffd-wp-mremap'
const KWITNESS = inRepository('kwitness')

/** QEMUs of shells: they boot the initramfs that holds busybox. */
const shellQemus = () => qemus(({ argv }) => argv.some((word) => word.endsWith('shell.cpio')))

/** A shell in a guest: what it printed, and a way to type when it has printed something. */
function startShell(place: Place, command: string, args: readonly string[]) {
  const env = { ...process.env, KWITNESS_CACHE: place.cache, KWITNESS_STATE: place.state, TERM: 'vt100' }
  const child = spawn(command, args, { cwd: place.folder, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  let heard = (): void => undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      heard()
    })
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let over = false
  void ended.then(() => {
    over = true
    heard()
  })
  const prints = async (what: RegExp): Promise<void> => {
    for (; !what.test(printed);) {
      if (over) throw new Error(`it ended and never printed ${what}; it printed:\n${printed}`)
      await new Promise<void>((resolve) => (heard = resolve))
    }
    printed = printed.replace(new RegExp(`^[^]*?${what.source}`), '')
  }
  return { prints, type: (text: string) => void child.stdin.write(text), endInput: () => child.stdin.end(), ended }
}

describe('a shell in a guest', () => {
  let place: Awaited<ReturnType<typeof newPlace>>
  let kernel = ''
  before(async () => {
    place = await newPlace()
    kernel = (await fetchKernels()).newest
  })
  after(() => place.remove())

  test('on a terminal: the case runs, Ctrl-C goes to the guest, exit ends it and leaves no QEMU', async () => {
    const line = `'${KWITNESS}' shell ${kernel} --cases ${CASE}; echo code=$?; stty -a`
    const shell = startShell(place, 'script', ['-qec', line, '/dev/null'])
    await shell.prints(/\/case # /)
    shell.type(`cd ${CASE}; ./repro\n`)
    await shell.prints(/ok 5 [^\n]*\n/)
    await shell.prints(/ # /)
    // A command of its own: Ctrl-C before busybox's shell has put one in the foreground is lost.
    shell.type("sh -c 'echo before; exec sleep 1000'; echo never\n")
    await shell.prints(/before\r+\n/)
    shell.type('\x03')
    await shell.prints(/ # /)
    shell.type('exit\n')
    await shell.prints(/code=0\s[^]*[^-]icanon/)
    shell.endInput()
    assert.equal(await shell.ended, 0)
    assert.deepEqual(shellQemus(), [])
  })

  test('Ctrl-] ends the guest', async () => {
    const shell = startShell(place, 'script', ['-qec', `'${KWITNESS}' shell ${kernel}`, '/dev/null'])
    await shell.prints(/\/case # /)
    shell.type('\x1d')
    await shell.prints(/detached/)
    shell.endInput()
    assert.equal(await shell.ended, 0)
    assert.deepEqual(shellQemus(), [])
  })

  test('without a terminal it reads standard input to its end; a guest that dies is an exit code of its own', async () => {
    const piped = startShell(place, KWITNESS, ['shell', kernel])
    piped.type('echo $((6 * 7)) answers\n')
    piped.endInput()
    await piped.prints(/42 answers/)
    assert.equal(await piped.ended, 0)
    const dying = startShell(place, KWITNESS, ['shell', kernel])
    dying.type('echo c > /proc/sysrq-trigger\n')
    await dying.prints(/the guest ended by itself.*Kernel panic/s)
    dying.endInput()
    assert.equal(await dying.ended, 1)
  })

  test('--verbose prints phases, the kernel log and what the case prints, each with its kernel and case', async () => {
    const { code, stderr } = await runCli(place, ['run', '--kernels', kernel, '--cases', CASE, '--verbose', '--out', place.out])
    assert.equal(code, 0)
    for (const line of [': case took [\\d.]+ s', ' console \\| Linux version ', ' output \\| ok 1 ']) {
      assert.match(stderr, new RegExp(`^${RegExp.escape(kernel)} ${CASE}${line}`, 'm'))
    }
  })

  test('a selector of several kernels is refused', async () => {
    const { code, stderr } = await runCli(place, ['shell', 'default'])
    assert.equal(code, 2)
    assert.match(stderr, /a shell runs on one kernel, and this selector means \d+:/)
  })
})

describe('kwitness cases check', () => {
  let place: Awaited<ReturnType<typeof newPlace>>
  let kernel = ''
  let catalogue = ''
  before(async () => {
    place = await newPlace()
    kernel = (await fetchKernels()).newest
    catalogue = join(place.folder, 'cases')
    await mkdir(catalogue)
    await cp(inRepository('c-tests', CASE), join(catalogue, 'good'), { recursive: true })
    await cp(inRepository('c-tests', '_template'), join(catalogue, 'unfilled'), { recursive: true })
    await spoil('no-build', /int main/, 'int main main')
    await mkdir(join(catalogue, 'no-data'))
    await spoil('bad-oracle', /int main\(void\)\n\{/, '$&\n\tREQUIRE(0, "detecting anything");')
  })
  after(() => place.remove())

  /** A copy of a case whose program has this change. */
  async function spoil(id: string, from: RegExp, to: string): Promise<void> {
    await cp(inRepository('c-tests', CASE), join(catalogue, id), { recursive: true })
    const source = join(catalogue, id, 'repro.c')
    await writeFile(source, (await readFile(source, 'utf8')).replace(from, to))
  }

  const check = async (id: string) => {
    const { code, stdout, stderr } = await runCli(place, [
      'cases',
      'check',
      id,
      '--catalogue',
      catalogue,
      '--kernels',
      kernel,
      '--json',
    ])
    const checks = JSON.parse(stdout || '[]') as { readonly name: string; readonly passed: boolean; readonly detail: string }[]
    return { code, stderr, failed: checks.filter(({ passed }) => !passed) }
  }

  test('a case that is complete passes', async () => {
    const { code, failed, stderr } = await check('good')
    assert.deepEqual([code, failed], [0, []], stderr)
  })

  for (const [id, name, detail] of [
    ['unfilled', 'placeholders', /case\.json:2/],
    ['no-build', 'compiles', /error/],
    ['bad-oracle', 'self-checks', /detecting anything/],
    ['no-data', 'case.json', /case\.json/],
  ] as const) {
    test(`${id}: ${name} fails, exit 1`, async () => {
      const { code, failed } = await check(id)
      assert.deepEqual([code, failed.map((one) => one.name)], [1, [name]])
      assert.match(failed[0]?.detail ?? '', detail)
    })
  }

  test('a run of a case with placeholders goes on, and says so', async () => {
    await mkdir(join(place.folder, 'apart'))
    await cp(join(catalogue, 'unfilled'), join(place.folder, 'apart', 'unfilled'), { recursive: true })
    const words = ['run', '--dry-run', '--catalogue', join(place.folder, 'apart'), '--kernels', kernel]
    const { code, stderr } = await runCli(place, words)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /unfilled is not complete: .*case\.json:2 holds a placeholder/)
  })
})
