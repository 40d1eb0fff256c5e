/** Many attempts in guests of one kind: their guests are forks of one, answer as restored ones do, and end with the run. */
import assert from 'node:assert/strict'
import { copyFile, cp, mkdir, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { buildForkParts } from '#harness/boot/fork/server.ts'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Report } from '#domain/report/matrix.ts'
import {
  fetchKernels,
  kernelWords,
  mayMount,
  newPlace,
  qemus,
  readReport,
  runReport,
  startCli,
  until,
  verdictsOf,
  type Cli,
  type Kernels,
  type Place,
  type Process,
} from '../helpers/cli.ts'
import { guestsOf } from '../helpers/killed.ts'

/** Deterministic cases with the guest of most, of which 5.10 and 6.1 answer differently. */
const CASES = ['uffd-mmap-changing-atomic', 'uffd-fork-event', 'uffd-eagain-output', 'uffd-low-address', 'mremap-uffd-merge']

const place = await newPlace()
let kernels: Kernels

before(async () => {
  kernels = await fetchKernels()
})
after(() => place.remove())

const at = (name: string): Place => ({ ...place, state: join(place.folder, name), out: join(place.folder, name, 'out') })
const request = (cases: readonly string[]): string[] => [...kernelWords(kernels.v510, kernels.v61), '--cases', cases.join()]
/** As many as are worth a fork server. */
const FEW = CASES.slice(0, 3)
/** What 5.10 answers to them, in the order of a report. */
const ANSWERS = ['lacks', 'carries', 'lacks']
const originsOf = ({ cells }: Report): string[] => cells.flatMap(({ attempts }) => attempts.map(({ origin }) => origin))

test('many cases have forked guests, few have restored ones, and they answer alike', async (t) => {
  const many = await runReport(at('many'), request(CASES))
  assert.equal(many.code, 0, many.stderr)
  if (many.report.run.host.accelerator === 'kvm') return t.skip('KVM works here: its guests are not forked')
  assert.deepEqual([...new Set(originsOf(many.report))], ['forked'], many.stderr)
  const parts = [CASES.slice(0, 2), CASES.slice(2, 4), CASES.slice(4)]
  const few = await Promise.all(parts.map((some, index) => runReport(at(`few-${index}`), request(some))))
  assert.deepEqual([...new Set(few.flatMap(({ report }) => originsOf(report)))], ['restored'])
  assert.deepEqual(verdictsOf(many.report), Object.assign({}, ...few.map(({ report }) => verdictsOf(report))))
})

test('two kernels of one image ask for its guests at the same time, and the command ends', async () => {
  const image = join(place.folder, 'bzImage')
  const context = { workspace: findWorkspace() }
  const [listed] = await selectKernels([kernels.v61], context)
  assert.ok(listed)
  await copyFile((await fetchKernel(listed, context)).bzImage ?? '', image)
  const both = await runReport(at('one-image'), [...kernelWords(kernels.v61, `file:${image}`), '--cases', FEW.join()])
  assert.equal(both.code, 0, both.stderr)
  const answers = Object.groupBy(both.report.cells, ({ kernel }) => kernel)
  const [one, other] = Object.values(answers).map((cells) => cells?.map((cell) => [cell.case, cell.verdict]))
  assert.equal(one?.length, FEW.length)
  assert.deepEqual(one, other)
})

test('where a guest gave no answer the next one is booted anew, and is forked in its place', async (t) => {
  const there = await newPlace('guests')
  t.after(() => there.remove())
  const catalogue = join(there.folder, 'catalogue')
  for (const name of ['hostile/panic', 'hostile/escape', 'cases/random'])
    await cp(join(import.meta.dirname, name), join(catalogue, basename(name)), { recursive: true })
  const { report, stderr } = await runReport(there, [...kernelWords(kernels.v61), '--catalogue', catalogue])
  if (report.run.host.accelerator === 'kvm') return t.skip('KVM works here: its guests are not forked')
  const hurt = report.cells.find((cell) => cell.case === 'panic')?.attempts ?? []
  assert.deepEqual(
    hurt.map(({ origin, ending }) => [origin, ending]),
    [
      ['forked', 'panic'],
      ['forked', 'panic'],
    ],
    stderr,
  )
  for (const { id } of hurt) {
    const stored = await readFile(join(there.state, 'evidence', report.run.id, id, 'evidence.json'), 'utf8')
    assert.deepEqual((JSON.parse(stored) as Evidence).ending, { kind: 'guest-stopped', reason: 'guest-reset' })
  }
})

/** The QEMU of this run that forked the others. */
function serverOf(cli: Cli): Process | undefined {
  const guests = guestsOf(cli.pid)
  return guests.find(({ pid }) => qemus(({ parent }) => parent === pid).length > 0)
}

test('a fork server that is killed: its children go with it, their attempts are made again, in restored guests', async (t) => {
  const there = at('killed')
  const cli = startCli(there, ['run', ...kernelWords(kernels.v510), '--cases', CASES.join(), '--json', '--out', there.out])
  let over = false
  void cli.ended.then(() => (over = true))
  const server = await until('a forked guest', () => over || serverOf(cli))
  if (server === true) return t.skip('no guest was forked: KVM works here')
  process.kill(server.pid, 'SIGKILL')
  const ended = await cli.ended
  assert.equal(ended.code, 0, ended.stderr)
  /* The child had begun to run, was about to, or was still to be made. */
  const moments = 'QEMU did not fork: the fork server is gone|QEMU ended before|it ended at once'
  assert.match(ended.stderr, new RegExp(`a guest could not be forked \\((${moments}).*\\): restoring those of its kind`))
  const report = readReport(ended)
  assert.ok(originsOf(report).includes('restored'), `${originsOf(report)}\n${ended.stderr}`)
  assert.deepEqual(guestsOf(cli.pid), [])
  const whole = await runReport(at('whole'), [...kernelWords(kernels.v510), '--cases', CASES.join()])
  assert.deepEqual(verdictsOf(report), verdictsOf(whole.report))
})

interface Trial {
  readonly origins: readonly string[]
  /** What it said about forking, once for each time that it said it. */
  readonly notes: readonly string[]
}

/** A run whose guests would be forked, in this cache; it ends well, has the answers of any other, and leaves no QEMU. */
async function trial(
  t: TestContext,
  name: string,
  there: Partial<Place>,
  words: string[] = [],
  prefix: string[] = [],
): Promise<Trial | null> {
  const own = { ...at(name), ...there }
  const args = [
    'run',
    ...kernelWords(kernels.v510),
    '--cases',
    FEW.join(),
    '--rerun',
    'all',
    '--json',
    '--out',
    own.out,
    ...words,
  ]
  const cli = startCli(own, args, prefix)
  const ended = await cli.ended
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual(guestsOf(cli.pid), [])
  const report = readReport(ended)
  assert.deepEqual(Object.values(verdictsOf(report)), ANSWERS, ended.stderr)
  if (report.run.host.accelerator === 'tcg')
    return { origins: originsOf(report), notes: ended.stderr.match(/guests? (?:cannot|could not) be forked.*/g) ?? [] }
  t.skip('KVM works here: its guests are not forked')
  return null
}

const FORKED: Trial = { origins: ['forked', 'forked', 'forked'], notes: [] }
const RESTORED = ['restored', 'restored', 'restored']

test('--no-fork: each attempt has a restored guest', async (t) => {
  const found = await trial(t, 'no-fork', {}, ['--no-fork'])
  if (found) assert.deepEqual(found, { origins: RESTORED, notes: [] })
})

describe('guests are forked wherever the cache lies', () => {
  test('with a blank in HOME', async (t) => {
    const home = join(place.folder, 'a home')
    await mkdir(join(home, '.cache'), { recursive: true })
    await symlink(place.cache, join(home, '.cache', 'kwitness'))
    const prefix = ['env', '-u', 'KWITNESS_CACHE', '-u', 'XDG_CACHE_HOME', `HOME=${home}`]
    const found = await trial(t, 'blank', {}, [], prefix)
    if (found) assert.deepEqual(found, FORKED)
  })

  test('with a colon, and a comma, in KWITNESS_CACHE', async (t) => {
    const cache = join(place.folder, 'a:cache,')
    await symlink(place.cache, cache)
    const found = await trial(t, 'colon', { cache })
    if (found) assert.deepEqual(found, FORKED)
  })
})

describe('a fork server that does not come up costs the forking alone, and that is said once', () => {
  const saysOnce = (found: Trial, reason: RegExp): void => {
    assert.deepEqual([found.origins, found.notes.length], [RESTORED, 1], found.notes.join('\n'))
    assert.match(found.notes[0] ?? '', reason)
  }

  test('on a noexec mount', { skip: !mayMount() && 'this user may not mount' }, async (t) => {
    // Not where the run has its state.
    const cache = join(place.folder, 'cache of noexec')
    await mkdir(cache)
    const script = `mount --bind '${place.cache}' '${cache}' && mount -o remount,bind,noexec '${cache}' && exec "$@"`
    const prefix = ['env', `KWITNESS_NODE=${process.execPath}`, 'unshare', '--mount', 'sh', '-c', script, 'sh']
    const found = await trial(t, 'noexec', { cache }, [], prefix)
    if (found)
      saysOnce(found, /QEMU started without .*: failed to map segment from shared object\): restoring one for each attempt/)
  })

  /**
   * A cache like the shared one, but for its own copy of the library, shortened to so many bytes. Without its seal it is one that
   * an older kwitness made.
   */
  async function damagedCache(name: string, bytes: number, isSealed: boolean): Promise<string> {
    const cache = join(place.folder, name)
    const { library } = await buildForkParts(place.cache)
    const own = join(cache, relative(place.cache, library))
    const link = async (folder: string): Promise<void> => {
      await mkdir(join(cache, folder), { recursive: true })
      for (const entry of await readdir(join(place.cache, folder)))
        await symlink(join(place.cache, folder, entry), join(cache, folder, entry))
    }
    await link('.')
    await rm(join(cache, 'programs'))
    await link('programs')
    await rm(dirname(own))
    await mkdir(dirname(own))
    await copyFile(library, own)
    await truncate(own, bytes)
    const { size, mtimeMs } = await stat(library)
    const seal = { [basename(own)]: { sha256: '0'.repeat(64), bytes: size, mtimeMs } }
    if (isSealed) await writeFile(join(dirname(own), 'sealed.json'), JSON.stringify(seal))
    return cache
  }

  test('with a library that is empty, or shorter than its seal says: it is made again', async (t) => {
    for (const [name, bytes, isSealed] of [
      ['empty', 0, false],
      ['sealed', 5000, true],
    ] as const) {
      const found = await trial(t, name, { cache: await damagedCache(`${name}-cache`, bytes, isSealed) })
      if (found) assert.deepEqual(found, FORKED, name)
    }
  })

  test('with a library that is cut short and has no seal: QEMU does not start', async (t) => {
    const found = await trial(t, 'short', { cache: await damagedCache('short-cache', 5000, false) })
    if (found) saysOnce(found, /guests cannot be forked here \(.+\): restoring one for each attempt/)
  })
})
