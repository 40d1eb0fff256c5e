/**
 * A bisection of kernels that are built here from Debian's 5.10: killed wherever it hurts and gone on with, and the same by
 * git itself. Where the cache has no base it is built, which takes minutes.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import type { KernelProgress } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { stepsFor } from '#analysis/bisect/report.ts'
import type { Bisection } from '#domain/report/bisect.ts'
import { newRepository, NOT_COMPILED, type History, type Repository } from '#test/helpers/kernels/bisect-repository.ts'
import { newPlace, qemus, runCli, startCli, until, type Cli } from '../helpers/cli.ts'

const LINE = '5.10'
const CASE = 'uffd-copy-vs-fork'
const COMMITS = 12
const SEED = Math.trunc(Math.random() * 1e6)

const place = await newPlace()
let repository: Repository
let history: History

before(async () => {
  const progress = ({ message }: KernelProgress): void => hear(`${message}\n`)
  repository = await newRepository(LINE, { workspace: findWorkspace(), progress }, NOT_COMPILED)
  // Room on both sides, so that there are commits that answer.
  const at = 4 + (SEED % (COMMITS - 7))
  const change = { control: 'df2cc96e7701', change: 'bug', trouble: 'does-not-build' } as const
  history = await repository.make({ ...change, line: LINE, commits: COMMITS, at, seed: SEED })
  hear(`seed ${SEED}, the commit is number ${at}\n`)
})
after(async () => {
  await repository?.remove()
  await place.remove()
})

const hear = (text: string): void => void process.stdout.write(text)
const guests = ({ pid }: Cli): number => qemus(({ parent }) => parent === pid).length

/** Kill it as soon as this holds of it. Throws with what it said when it ends before. */
async function killWhen(args: readonly string[], moment: (cli: Cli) => Promise<unknown>): Promise<void> {
  const cli = startCli(place, args, [], hear)
  await moment(cli)
  cli.kill('SIGKILL')
  const { signal } = await cli.ended
  assert.equal(signal, 'SIGKILL')
  await until('the guests of a killed kwitness to go', () => guests(cli) === 0)
}

test('kill -9 in a build, a boot, after a verdict: gone on with, it finds the commit beside two that do not build', async () => {
  const base = await runCli(place, ['kernels', 'pull', `tree:debian-${LINE}`])
  assert.equal(base.code, 0, base.stderr)
  const ends = ['--old', history.old, '--new', history.new]
  const words = ['bisect', '--tree', repository.path, '--cases', CASE, ...ends, '--out', place.out, '--json']
  const again = ['bisect', '--resume', '--out', place.out, '--json']
  // The build of the second end is the first in a worktree.
  await killWhen(words, (cli) => cli.says(/(?:building from[^]*){2}/))
  await killWhen(again, (cli) => until('a guest to boot', () => guests(cli) > 0))
  await killWhen(again, (cli) => cli.says(new RegExp(`${CASE}: (?:not-reproduced|reproduced) `)))
  const { code, stdout, stderr } = await startCli(place, again, [], hear).ended
  assert.equal(code, 0, stderr)
  const found = JSON.parse(stdout) as Bisection
  assert.deepEqual(found.end, { kind: 'found', commit: history.culprit })
  assert.equal(found.target, 'bug')
  assert.equal(found.confidence, 1)
  assert.ok(found.counts.steps <= stepsFor(COMMITS) + found.counts.skipped, `${found.counts.steps} steps`)
  const skipped = found.steps.filter(({ answer }) => answer === 'does-not-build').map(({ commit }) => commit)
  assert.deepEqual(
    skipped.filter((commit) => !history.dumb.includes(commit)),
    [],
  )
  assert.equal(found.counts.skipped, skipped.length)
  assert.deepEqual([found.before.answer, found.after.answer], ['no-bug', 'shows-bug'])
  assert.equal(found.after.commit, history.culprit)
  const judged = found.steps.map(({ commit, role }) => `${role} ${commit}`)
  assert.deepEqual([...new Set(judged)], judged, 'none is judged twice')
  assert.match(await readFile(join(place.out, 'bisection.md'), 'utf8'), new RegExp(`^commit ${history.culprit}$`, 'm'))
  const log = await readFile(join(place.out, 'bisect.log'), 'utf8')
  assert.match(log, new RegExp(`^# first new commit: \\[${history.culprit}\\]`, 'm'))
})

test('git bisect run, driven by git itself, finds it by kwitness bisect-step; kwitness goes on from its log', async () => {
  const git = async (...args: string[]) => {
    const env = { KWITNESS_CACHE: place.cache, KWITNESS_STATE: place.state }
    return runCommand('git', ['-C', repository.path, ...args], { env, anyExit: true })
  }
  await git('update-ref', '--no-deref', 'HEAD', history.new)
  await git('bisect', 'start', history.culprit, `${history.culprit}~3`)
  const { stdout, stderr, exitCode } = await git('bisect', 'run', inRepository('kwitness'), 'bisect-step', '--cases', CASE)
  assert.equal(exitCode, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, new RegExp(`^${history.culprit} is the first bad commit$`, 'm'))
  const { stdout: log } = await git('bisect', 'log')
  await git('bisect', 'reset')
  // Both ends and the first answer; what came after is found again.
  const [begun] = /^[^]*?^git bisect start .*\n[^]*?^git bisect .*\n/m.exec(log) ?? []
  assert.ok(begun, log)
  const file = join(place.folder, 'git.log')
  await writeFile(file, begun)
  const out = join(place.folder, 'replayed')
  const words = ['bisect', '--tree', repository.path, '--cases', CASE, '--replay', file, '--out', out, '--json']
  const ended = await startCli(place, words, [], hear).ended
  assert.equal(ended.code, 0, ended.stderr)
  const found = JSON.parse(ended.stdout) as Bisection
  assert.deepEqual(found.end, { kind: 'found', commit: history.culprit })
  assert.match(found.log, new RegExp(`^# first bad commit: \\[${history.culprit}\\]`, 'm'))
})

test('bisect-step says in its exit code what git must not take for an answer', async () => {
  const step = async (...args: string[]) => (await runCli(place, ['bisect-step', '--tree', repository.path, ...args])).code
  assert.equal(await step('--cases', CASE, '--rev', history.dumb[0] ?? ''), 125)
  assert.equal(await step('--cases', CASE, '--rev', 'no-such-commit'), 129)
  assert.equal(await step('--cases', 'no-such-case'), 129)
  assert.equal(await step(), 129)
  assert.equal(await step('--cases', CASE, '--rev', history.culprit, '--find', 'fix'), 0)
})
