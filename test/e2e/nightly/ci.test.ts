/** The jobs of docs/ci, held against what others know of GitHub's, GitLab's and Jenkins' forms; each refuses a broken one. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
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

/** Groovy of the version that Jenkins has inside, and what it is made of; these packages of Debian need no Jenkins. */
const GROOVY = ['groovy', 'antlr', 'libantlr-java', 'libasm-java']
const JARS = ['groovy-all', 'antlr', 'asm', 'asm-tree', 'asm-util', 'asm-analysis']

/** The class path of Groovy; skips the test where there is no Java, or Debian's archive does not give the packages. */
async function bringGroovy(t: TestContext): Promise<string | null> {
  const java = await runCommand('java', ['-version'], { anyExit: true }).catch(() => null)
  if (java?.exitCode !== 0) {
    t.skip('no Java is installed here: apt-get install default-jre-headless')
    return null
  }
  const place = join(findWorkspace().cache, 'test-packages')
  const root = join(place, 'groovy')
  const path = JARS.map((name) => join(root, 'usr/share/java', `${name}.jar`)).join(':')
  if (await exists(root)) return path
  await makeFolder(place)
  const folder = await mkdtemp(join(place, 'tmp-'))
  try {
    const { exitCode, stderr } = await runCommand('apt-get', ['download', ...GROOVY], { cwd: folder, anyExit: true })
    if (exitCode !== 0) {
      t.skip(`apt-get download: ${stderr.trim().split('\n')[0]}`)
      return null
    }
    for (const name of await readdir(folder)) await runCommand('dpkg-deb', ['-x', join(folder, name), folder])
    await rename(folder, root).catch(() => undefined)
    return path
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a pipeline came to; what is wrong with it, where it is refused. */
interface Build {
  readonly result?: string
  readonly said?: readonly string[]
  readonly tests?: { readonly all: number; readonly bad: number } | null
  readonly archived?: readonly string[]
  readonly refused?: string
}

const JUNIT = '<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite></testsuites>'

test('the Jenkinsfile', async (t) => {
  const classPath = await bringGroovy(t)
  if (classPath === null) return
  const text = await readFile(inRepository('docs', 'ci', 'Jenkinsfile'), 'utf8')
  const runner = inRepository('test', 'e2e', 'nightly', 'pipeline.groovy')
  /** Run pipelines one after the other in a folder: one start of Java takes seconds. */
  const build = async (folder: string, pipelines: readonly string[]): Promise<Build[]> => {
    const names = pipelines.map((_, index) => `Jenkinsfile-${index}`)
    for (const [index, name] of names.entries()) await writeFile(join(folder, name), pipelines[index] ?? '')
    const words = ['-XX:TieredStopAtLevel=1', '-cp', classPath, 'groovy.ui.GroovyMain', runner, ...names]
    const { exitCode, stdout, stderr } = await run('java', words, folder)
    assert.equal(exitCode, 0, stderr)
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Build)
  }
  /** A checkout whose kwitness notes what it is called with, leaves what a night leaves, and exits so. */
  const checkout = async (code: number): Promise<string> => {
    const folder = await temporaryFolder(t)
    await mkdir(join(folder, 'site'))
    await writeFile(join(folder, 'site', 'index.html'), 'the site')
    const night = `[ "$1" != report ] || { echo '${JUNIT}' >junit.xml; exit 0; }`
    const lines = ['#!/bin/sh', 'echo "$KWITNESS_STATE $KWITNESS_CACHE $*" >>calls', night, `exit ${code}`, '']
    await writeFile(join(folder, 'kwitness'), lines.join('\n'), { mode: 0o755 })
    return folder
  }
  for (const [code, result, said] of [
    [0, 'SUCCESS', []],
    [1, 'UNSTABLE', ['something regressed']],
    [3, 'FAILURE', ['kwitness nightly exited 3']],
  ] as const) {
    const folder = await checkout(code)
    // Known bugs of old kernels alone do not make it unstable.
    assert.deepEqual(await build(folder, [text]), [{ result, said, tests: { all: 2, bad: 1 }, archived: ['site/index.html'] }])
    const places = `${folder}/state ${folder}/cache`
    const calls = [
      `${places} nightly --config docs/ci/nightly.yaml --budget 4h`,
      `${places} report --format junit --out junit.xml`,
    ]
    assert.deepEqual((await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n'), calls)
  }
  const refusals = [
    ['returnStatus', 'returnState', /sh has no parameter returnState/],
    ['stages {', 'stagez {', /Sections\.stagez\(\)/],
    ["'HOURS'", "'HOUR'", /not a unit: HOUR/],
    ['always {', 'ever {', /Post\.ever\(\)/],
    ['H 2 * * *', 'H 2 * *', /not a cron line/],
    ['script {', 'if (true) {', /line \d+: steps has code that is no step/],
    ['allowEmptyResults: true', "allowEmptyResults: 'yes'", /allowEmptyResults is not a Boolean/],
    ["agent { label 'debian' }", '', /the pipeline has no agent/],
    ['disableConcurrentBuilds()', 'disableConcurrentBuilds(', /Jenkinsfile: \d+: /],
  ] as const
  for (const [good] of refusals) assert.ok(text.includes(good), good)
  const broken = refusals.map(([good, bad]) => text.replace(good, bad))
  const ended = await build(await checkout(0), broken)
  assert.equal(ended.length, refusals.length)
  for (const [index, [, , refusal]] of refusals.entries()) assert.match(ended[index]?.refused ?? '', refusal)
})
