/** The jobs of docs/ci, held against what other programs know of GitHub's and GitLab's forms; a broken one is refused by each. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { exists, findWorkspace, makeFolder } from '#harness/support/workspace.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

const PACKAGES = ['@action-validator/core@0.6.0', '@action-validator/cli@0.6.0', 'gitlab-ci-local@4.75.1']
/** Node of kwitness first: npm of Debian brings an older one. */
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`

/** The folder that has the validators; skips the test where npm cannot bring them. */
async function bringValidators(t: TestContext): Promise<string | null> {
  const place = join(findWorkspace().cache, 'test-packages')
  const root = join(place, 'ci-validators')
  if (await exists(root)) return root
  await makeFolder(place)
  const folder = await mkdtemp(join(place, 'tmp-'))
  try {
    const words = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES]
    const { exitCode, stderr } = await runCommand('npm', words, { cwd: folder, anyExit: true })
    if (exitCode !== 0) {
      t.skip(`npm install: ${stderr.trim().split('\n')[0]}`)
      return null
    }
    await rename(folder, root).catch(() => undefined)
    return root
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const run = (command: string, args: readonly string[], cwd: string) =>
  runCommand(command, args, { cwd, anyExit: true, env: { PATH, HOME: cwd } })

test('the workflow for GitHub Actions', async (t) => {
  const root = await bringValidators(t)
  if (root === null) return
  const folder = await temporaryFolder(t)
  const workflow = await readFile(inRepository('docs', 'ci', 'github-actions.yml'), 'utf8')
  const check = async (text: string) => {
    await writeFile(join(folder, 'workflow.yml'), text)
    const { exitCode, stdout, stderr } = await run(join(root, 'node_modules/.bin/action-validator'), ['workflow.yml'], folder)
    return { exitCode, said: stdout + stderr }
  }
  assert.deepEqual(await check(workflow), { exitCode: 0, said: '' })
  const broken = await check(workflow.replace('runs-on:', 'runs-onn:'))
  assert.equal(broken.exitCode, 1)
  assert.match(broken.said, /runs-onn/)
})

test('the job for GitLab', async (t) => {
  const root = await bringValidators(t)
  if (root === null) return
  const folder = await temporaryFolder(t)
  const job = await readFile(inRepository('docs', 'ci', 'gitlab-ci.yml'), 'utf8')
  await run('git', ['init', '--quiet', '.'], folder)
  await run('git', ['remote', 'add', 'origin', 'https://example.org/kernel/kwitness.git'], folder)
  const check = async (text: string) => {
    await writeFile(join(folder, '.gitlab-ci.yml'), text)
    return run(join(root, 'node_modules/.bin/gitlab-ci-local'), ['--list', '--variable', 'CI_PIPELINE_SOURCE=schedule'], folder)
  }
  const good = await check(job)
  assert.equal(good.exitCode, 0, good.stderr)
  assert.match(good.stdout, /^kwitness +test +on_success +\[1\]/m)
  const broken = await check(job.replace('exit_codes: 1', 'exit_codes: one'))
  assert.notEqual(broken.exitCode, 0)
  assert.match(`${broken.stdout}${broken.stderr}`, /type must be integer at kwitness\.allow_failure\.exit_codes/)
})
