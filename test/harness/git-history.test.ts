/** What a git tree says about fixes: test repositories with stable branches, backports and reverts in every form. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkHistory, readGitTreeSources } from '#harness/git-history.ts'
import { selectKernels } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import { gitTreeSays } from '#analysis/claims/from-git.ts'
import { claimOf } from '#analysis/claims/claim.ts'
import type { Case } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import { kernel } from '../helpers/reports.ts'
import { sampleCase } from '../helpers/judging.ts'
import { temporaryFolder } from '../helpers/kernel-images.ts'

interface Repository {
  readonly folder: string
  /** Commit to the checked out branch and return the hash. */
  readonly commit: (subject: string, ...body: string[]) => Promise<string>
  readonly git: (...args: string[]) => Promise<string>
}

async function repository(t: TestContext): Promise<Repository> {
  const folder = await temporaryFolder(t)
  const env = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.org',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.org',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
  }
  const git = async (...args: string[]): Promise<string> => (await runCommand('git', ['-C', folder, ...args], { env })).stdout
  await git('init', '--quiet', '--initial-branch=master')
  const commit = async (subject: string, ...body: string[]): Promise<string> => {
    await git('commit', '--quiet', '--allow-empty', '-m', [subject, '', ...body].join('\n'))
    return git('rev-parse', 'HEAD')
  }
  await commit('Linux 6.1')
  await git('tag', 'v6.1')
  return { folder, commit, git }
}

const SUBJECT = 'mm: fix a thing'

function caseOf(commit: string | null, subject = SUBJECT): Case {
  return sampleCase('one', {
    fixes: [{ commit, subject, fixes: [], cve: [] }],
    claim: { mainline: '6.2', stable: {}, subjects: [], source: 'case.json' },
  })
}

/** What the tree says about one case at each version. */
async function says({ folder }: Repository, t: TestContext, theOne: Case, versions: readonly string[]) {
  const kernels = versions.map((version) => kernel(version))
  const workspace = { cache: await temporaryFolder(t), state: folder }
  const histories = await readGitTreeSources(folder, kernels, theOne.fixes, { workspace })
  return kernels.map(({ id }) => {
    const history = histories.get(id)
    assert.ok(history)
    return 'unavailable' in history ? history.unavailable : gitTreeSays(theOne, history)
  })
}

/** A fix in mainline, and a stable branch of 6.1 to commit to; `tag` makes a release of it. */
async function withFix(t: TestContext, subject = SUBJECT) {
  const made = await repository(t)
  const fix = await made.commit(subject, 'It was broken.')
  await made.commit('Linux 6.2')
  await made.git('tag', 'v6.2')
  await made.git('checkout', '--quiet', '-b', 'linux-6.1.y', 'v6.1')
  let patch = 0
  const release = async (): Promise<void> => {
    patch += 1
    await made.commit(`Linux 6.1.${patch}`)
    await made.git('tag', '-a', '-m', 'release', `v6.1.${patch}`)
  }
  await release()
  return { ...made, fix, release }
}

test('history: the fix is in mainline, and not in the release before it', async (t) => {
  const made = await withFix(t)
  const [base, after] = await says(made, t, caseOf(made.fix), ['6.1', '6.2'])
  assert.deepEqual(base, {
    claim: 'not-listed',
    source: `git: neither ${made.fix.slice(0, 12)} nor a backport of it is in the history of v6.1`,
  })
  assert.deepEqual(after, { claim: 'listed', source: `git: ${made.fix.slice(0, 12)} "${SUBJECT}" in v6.2, the fix itself` })
})

const FORMS: readonly [form: string, line: (hash: string) => string][] = [
  ['commit HASH upstream.', (hash) => `commit ${hash} upstream.`],
  ['[ Upstream commit HASH ]', (hash) => `[ Upstream commit ${hash} ]`],
  ['(cherry picked from commit HASH)', (hash) => `(cherry picked from commit ${hash})`],
  ['commit HASH upstream, abbreviated', (hash) => `commit ${hash.slice(0, 12)} upstream.`],
]

for (const [form, line] of FORMS) {
  test(`history: a backport marked by ${form} counts from its release on, also under another subject`, async (t) => {
    const made = await withFix(t)
    const backport = await made.commit('mm: fix a thing, adapted', line(made.fix), '', 'It was broken.')
    await made.release()
    const [before, after, mainline] = await says(made, t, caseOf(made.fix.slice(0, 12)), ['6.1.1', '6.1.2', '6.2'])
    assert.deepEqual(
      [before, after, mainline].map((said) => (typeof said === 'string' ? said : said?.claim)),
      ['not-listed', 'listed', 'listed'],
    )
    assert.match(
      JSON.stringify(after),
      new RegExp(`git: ${backport.slice(0, 12)} .*adapted.* in v6\\.1\\.2, says it is commit ${made.fix.slice(0, 12)} upstream`),
    )
  })
}

test('history: a commit that only mentions the fix is not a backport of it', async (t) => {
  const made = await withFix(t)
  await made.commit(
    'mm: fix the fix',
    `Fixes: ${made.fix.slice(0, 12)} ("${SUBJECT}")`,
    `As in commit ${made.fix} upstream, but more.`,
  )
  await made.release()
  const [said] = await says(made, t, caseOf(made.fix), ['6.1.2'])
  assert.equal((said as { claim: string }).claim, 'not-listed')
})

test('history: a revert removes the fix, its revert adds it again; named by backport, mainline or subject', async (t) => {
  const made = await withFix(t)
  const backport = await made.commit(SUBJECT, `commit ${made.fix} upstream.`)
  await made.release()
  const revert = await made.commit(
    `Revert "${SUBJECT}"`,
    `This reverts commit ${backport} which is`,
    `commit ${made.fix} upstream.`,
  )
  await made.release()
  await made.commit(`Revert "Revert "${SUBJECT}""`, `This reverts commit ${revert}.`)
  await made.release()
  await made.commit('mm: take that thing out', `This reverts commit ${backport}.`)
  await made.release()
  await made.commit(`Reapply "${SUBJECT}"`, 'It was right after all.')
  await made.release()
  const said = await says(made, t, caseOf(made.fix), ['6.1.1', '6.1.2', '6.1.3', '6.1.4', '6.1.5', '6.1.6'])
  assert.deepEqual(
    said.map((one) => (one as { claim: string }).claim),
    ['not-listed', 'listed', 'not-listed', 'listed', 'not-listed', 'listed'],
  )
})

test('history: mainline reverted the fix, and stable took the revert', async (t) => {
  const made = await withFix(t)
  await made.git('checkout', '--quiet', 'master')
  const revert = await made.commit(`Revert "${SUBJECT}"`, `This reverts commit ${made.fix}.`)
  await made.commit('Linux 6.3')
  await made.git('tag', 'v6.3')
  await made.git('checkout', '--quiet', 'linux-6.1.y')
  await made.commit(SUBJECT, `[ Upstream commit ${made.fix} ]`)
  await made.release()
  await made.commit(`Revert "${SUBJECT}"`, `[ Upstream commit ${revert} ]`, '', `This reverts commit ${made.fix}.`)
  await made.release()
  const said = await says(made, t, caseOf(made.fix), ['6.2', '6.3', '6.1.2', '6.1.3'])
  assert.deepEqual(
    said.map((one) => (one as { claim: string }).claim),
    ['listed', 'not-listed', 'listed', 'not-listed'],
  )
})

test('history: a fix that the tree has only by its subject, and a fix that was never merged', async (t) => {
  const made = await withFix(t, 'mm: something else')
  await made.commit(SUBJECT, 'No word of where it comes from.')
  await made.release()
  const stranger = caseOf('0123456789abcdef0123456789abcdef01234567')
  const [before, after] = await says(made, t, stranger, ['6.1.1', '6.1.2'])
  assert.equal((before as { claim: string }).claim, 'not-listed')
  assert.match((after as { source: string }).source, /by its subject$/)
  const [never] = await says(made, t, caseOf(null, 'mm: posted and never merged'), ['6.1.2'])
  assert.equal(never, null)
})

test('history: characters of a subject that have a meaning in a pattern are taken literally', async (t) => {
  const subject = 'mm: fix a[0].*b(c) "quoted" \\d+'
  const made = await withFix(t, subject)
  const [said] = await says(made, t, caseOf(null, subject), ['6.2'])
  assert.equal((said as { claim: string }).claim, 'listed')
})

test('history: it takes precedence over a changelog and the case; without a tag the others decide', async (t) => {
  const made = await withFix(t)
  const theOne = caseOf(made.fix)
  const [kernel61, kernel62, other] = ['6.1.1', '6.2', '6.1.9'].map((version) => kernel(version)) as unknown as [
    Kernel,
    Kernel,
    Kernel,
  ]
  const workspace = { cache: await temporaryFolder(t), state: made.folder }
  const histories = await readGitTreeSources(made.folder, [kernel61, kernel62, other], theOne.fixes, { workspace })
  assert.deepEqual(histories.get(other.id), { unavailable: 'the git tree has no tag v6.1.9' })
  const claims = [kernel61, kernel62, other].map((one) =>
    claimOf(
      one,
      { ...theOne, claim: { ...theOne.claim, stable: { '6.1.y': '6.1.1' } } },
      { gitTree: histories.get(one.id) ?? null, changelog: null },
    ),
  )
  assert.deepEqual(
    claims.map(({ claim }) => claim),
    ['not-listed', 'listed', 'listed'],
  )
  assert.match(claims[0]?.source ?? '', /^git: neither/)
  assert.match(claims[2]?.source ?? '', /^in 6\.1\.y since 6\.1\.1/)
})

test('history: a kernel built from a revision of the tree is looked up at that revision', async (t) => {
  const made = await withFix(t)
  const makefile = 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 1\nEXTRAVERSION =\n'
  await writeFile(join(made.folder, 'Makefile'), makefile)
  await made.git('add', 'Makefile')
  await made.git('commit', '--quiet', '-m', SUBJECT, '-m', `commit ${made.fix} upstream.`)
  await made.git('tag', 'topic')
  const workspace = { cache: await temporaryFolder(t), state: made.folder }
  await mkdir(join(workspace.cache, 'trees'), { recursive: true })
  const [built] = await selectKernels([`tree:${made.folder}@topic`], { workspace })
  assert.ok(built)
  assert.equal(built.version, '6.1.1')
  const histories = await readGitTreeSources(made.folder, [built, kernel('6.1.1')], caseOf(made.fix).fixes, { workspace })
  assert.equal((histories.get(built.id) as { revision: string }).revision, 'topic')
  const said = [built.id, kernel('6.1.1').id].map((id) => gitTreeSays(caseOf(made.fix), histories.get(id) as never)?.claim)
  assert.deepEqual(said, ['listed', 'not-listed'])
})

test('history: no git tree, and an incomplete history, are UserErrors', async (t) => {
  const made = await withFix(t)
  const workspace = { cache: await temporaryFolder(t), state: made.folder }
  const ask = (folder: string) => readGitTreeSources(folder, [kernel('6.1.1')], caseOf(made.fix).fixes, { workspace })
  await assert.rejects(ask(join(made.folder, 'nowhere')), { name: 'UserError', message: /git cannot read/ })
  await assert.rejects(ask(workspace.cache), { name: 'UserError', message: /git cannot read/ })
  const shallow = await temporaryFolder(t)
  await made.git('clone', '--quiet', '--depth=1', `file://${made.folder}`, join(shallow, 'linux'))
  await assert.rejects(checkHistory(join(shallow, 'linux')), { name: 'UserError', message: /has no complete history/ })
  await assert.rejects(checkHistory(workspace.cache), { name: 'UserError', message: /git cannot read/ })
  await checkHistory(made.folder)
  await assert.rejects(ask(join(shallow, 'linux')), { name: 'UserError', message: /has no complete history/, hint: /unshallow/ })
})
