/** The caller's git configuration and environment do not change what a commit is; a repository of another user is named. */
import assert from 'node:assert/strict'
import { appendFile, chmod, chown, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readGitTreeSources } from '#harness/git-history.ts'
import { selectKernels } from '#harness/kernels/index.ts'
import { findSource, fetchSource } from '#harness/kernels/tree/source/source.ts'
import { runGit, runGitOnObjects, runScript } from '#harness/support/git.ts'
import { runCommand } from '#harness/support/process.ts'
import { resolveCommit } from '#run/bisect/git.ts'
import { formatPatches, isGitTree } from '#run/verify/git-history.ts'
import { findBases } from '#run/verify/verify.ts'
import { smallTree } from '#test/helpers/kernels/small-tree.ts'

/** Where the empty git directories are, through which objects are read. */
const READERS = join(import.meta.dirname, '..', '..', '..', 'harness', 'support')

/** What a caller may have set up; every line of it changed an answer once, or could. */
const HOSTILE = `[diff]
	noprefix = true
	mnemonicPrefix = true
	context = 1
	external = false
	algorithm = patience
	suppressBlankEmpty = true
	orderFile = /nowhere
[format]
	useAutoBase = true
	attach = cut
	signOff = true
	subjectPrefix = OTHER
	coverLetter = true
	outputDirectory = /nowhere
	thread = true
	notes = true
[core]
	autocrlf = true
	eol = crlf
	abbrev = 12
	attributesFile = ATTRIBUTES
	excludesFile = ATTRIBUTES
	fsmonitor = false
[apply]
	whitespace = fix
[tar]
	umask = 0077
[log]
	showSignature = true
[commit]
	gpgsign = false
`

/** A caller's whole environment, with a hostile home and variables of a hook that runs in another repository. */
function hostileVariables(folder: string): Record<string, string> {
  return {
    HOME: join(folder, 'home'),
    XDG_CONFIG_HOME: join(folder, 'home', 'xdg'),
    GIT_DIR: join(folder, 'elsewhere.git'),
    GIT_WORK_TREE: folder,
    GIT_INDEX_FILE: join(folder, 'index'),
    GIT_OBJECT_DIRECTORY: join(folder, 'objects'),
    GIT_PREFIX: 'mm/',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'diff.noprefix',
    GIT_CONFIG_VALUE_0: 'true',
    GIT_CONFIG_PARAMETERS: "'diff.context'='0'",
    GIT_EXTERNAL_DIFF: 'false',
    GIT_DIFF_OPTS: '-u0',
    GIT_LITERAL_PATHSPECS: '1',
    TAR_OPTIONS: '--exclude=*.c',
    XZ_OPT: '--nonsense',
    GREP_OPTIONS: '-v',
    BASH_ENV: join(folder, 'bash-env'),
    POSIXLY_CORRECT: '1',
    CDPATH: '/',
  }
}

async function repository(t: TestContext, hash = 'sha1') {
  const small = await smallTree(t)
  const git = async (...args: readonly string[]) => {
    const as = ['user.name=T', 'user.email=t@example.org', 'commit.gpgsign=false', 'core.autocrlf=false'].flatMap((one) => [
      '-c',
      one,
    ])
    return (await runCommand('git', [...as, '-C', small.source, ...args])).stdout.trim()
  }
  await runCommand('git', ['init', '-q', '-b', 'main', `--object-format=${hash}`, small.source])
  await writeFile(join(small.source, 'text.c'), Array.from({ length: 30 }, (_, at) => `line ${at};\n`).join(''))
  await git('add', '-A')
  await git('commit', '-q', '-m', 'start')
  await writeFile(join(small.source, 'main.c'), 'int start(void) { return 3; }\n')
  await git('commit', '-q', '-a', '-m', 'the fix')
  return { ...small, git }
}

/** Patch, key and files of the newest commit. */
async function ofCommit(source: string, cache: string) {
  const context = { workspace: { cache, state: cache } }
  const patch = await formatPatches(source, 'HEAD')
  const found = await findSource({ kind: 'git', path: source, revision: 'HEAD' }, context)
  const folder = await fetchSource(found, context)
  const { stdout: modes } = await runScript('cd "$1"; stat -c "%a %n" * | sort', [folder])
  return { patch, key: found.key, text: await readFile(join(folder, 'text.c'), 'latin1'), modes }
}

/** The same, and the key of the folder as it stands. */
async function answers(source: string, cache: string) {
  const asItStands = await findSource({ kind: 'path', path: source }, { workspace: { cache, state: cache } })
  return { ...(await ofCommit(source, cache)), folder: asItStands.key }
}

async function withVariables<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

test('the same commit is the same patch and the same files, whatever the caller has configured', async (t) => {
  const { folder, source } = await repository(t)
  const plain = await answers(source, join(folder, 'plain'))
  assert.match(plain.patch ?? '', /^--- a\/main\.c\n\+\+\+ b\/main\.c\n@@ -1 \+1 @@\n-int start\(void\) \{ return 1; \}$/m)
  await mkdir(join(folder, 'home'))
  await writeFile(join(folder, 'bash-env'), 'git() { false; }; tar() { false; }\n')
  const attributes = join(folder, 'attributes')
  await writeFile(attributes, '*.c text eol=crlf export-ignore diff=odd\nmain.c\n')
  const hostile = HOSTILE.replaceAll('ATTRIBUTES', attributes)
  await writeFile(join(folder, 'home', '.gitconfig'), hostile)
  assert.deepEqual(await withVariables(hostileVariables(folder), () => answers(source, join(folder, 'callers'))), plain)
  // The repository's own configuration and attributes are the caller's, too.
  const own = join(source, '.git', 'config')
  await writeFile(own, `${await readFile(own, 'utf8')}${hostile}`)
  await writeFile(join(source, '.git', 'info', 'attributes'), '*.c text eol=crlf export-ignore\n')
  assert.deepEqual(await answers(source, join(folder, 'local')), plain)
})

test('the current folder changes nothing, whatever attributes it has', async (t) => {
  const { folder, source } = await repository(t)
  const plain = await answers(source, join(folder, 'plain'))
  await writeFile(join(folder, '.gitattributes'), '*.c binary export-ignore\n')
  const before = process.cwd()
  process.chdir(folder)
  t.after(() => process.chdir(before))
  assert.deepEqual(await answers(source, join(folder, 'here')), plain)
})

test('replaced objects and grafts change nothing either', async (t) => {
  const { folder, source, git } = await repository(t)
  const plain = await answers(source, join(folder, 'plain'))
  const [commit, parent] = [await git('rev-parse', 'HEAD'), await git('rev-parse', 'HEAD^')]
  await git('replace', commit, parent)
  assert.deepEqual(await answers(source, join(folder, 'replaced')), plain)
  await git('replace', '-d', commit)
  await writeFile(join(source, '.git', 'info', 'grafts'), `${commit}\n`)
  assert.equal(await git('rev-list', '--count', 'HEAD'), '1', 'git sees a commit without a parent')
  assert.deepEqual(await answers(source, join(folder, 'grafted')), plain)
  assert.equal((await resolveCommit(source, 'HEAD^')).commit, parent)
})

/** A clone of the test's repository, with a configuration, attributes, a graft and a replaced commit of its own. */
async function hostileClone(source: string, clone: string, how: readonly string[]): Promise<void> {
  await runCommand('git', ['clone', '-q', '--no-checkout', ...how, `file://${source}`, clone])
  const own = join(clone, '.git')
  await appendFile(join(own, 'config'), HOSTILE.replaceAll('ATTRIBUTES', join(own, 'info', 'attributes')))
  await mkdir(join(own, 'info'), { recursive: true })
  await writeFile(join(own, 'info', 'attributes'), '*.c text eol=crlf export-ignore -diff\n')
  const { stdout: commit } = await runCommand('git', ['-C', clone, 'rev-parse', 'HEAD'])
  await runCommand('git', ['-C', clone, 'replace', commit, `${commit}^`])
  await writeFile(join(own, 'info', 'grafts'), `${commit}\n`)
}

for (const hash of ['sha1', 'sha256']) {
  test(`with ${hash}, a clone gives the same patch and files as its origin, whatever it is configured to`, async (t) => {
    const { folder, source, git } = await repository(t, hash)
    await git('config', 'uploadpack.allowFilter', 'true')
    const plain = await ofCommit(source, join(folder, 'plain'))
    assert.match(plain.patch ?? '', /^-int start\(void\) \{ return 1; \}$/m)
    const before = await readdir(READERS, { recursive: true })
    for (const [name, ...how] of [
      ['whole'],
      ['shallow', '--depth=2'],
      ['partial', '--filter=blob:none'],
      ['treeless', '--filter=tree:0'],
      ['both', '--filter=blob:none', '--depth=2'],
    ] as const) {
      const clone = join(folder, name)
      await hostileClone(source, clone, how)
      assert.deepEqual(await ofCommit(clone, join(folder, `${name}-cache`)), plain, name)
    }
    assert.deepEqual(await readdir(READERS, { recursive: true }), before, 'the clones alone hold what was fetched')
  })
}

/** A folder for PATH, whose git does this before it is git. */
async function wrappedGit(folder: string, line: string): Promise<string> {
  const { stdout: real } = await runCommand('sh', ['-c', 'command -v git'])
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'git'), `#!/bin/sh\n${line}\nexec ${real.trim()} "$@"\n`)
  await chmod(join(bin, 'git'), 0o755)
  return `${bin}:${process.env['PATH']}`
}

test('a partial clone keeps what is fetched, and a fetch does not tidy it up', async (t) => {
  const { folder, source, git } = await repository(t)
  await git('config', 'uploadpack.allowFilter', 'true')
  const clone = join(folder, 'clone')
  await runCommand('git', ['clone', '-q', '--no-checkout', '--filter=blob:none', `file://${source}`, clone])
  const blob = await git('rev-parse', 'HEAD:text.c')
  const read = async () => (await runGitOnObjects(clone, ['cat-file', 'blob', blob])).stdout
  const trace = join(folder, 'trace')
  const PATH = await wrappedGit(folder, `export GIT_TRACE='${trace}'`)
  await withVariables({ PATH }, async () => assert.match(await read(), /^line 0;/))
  // Through a git directory without references, git would find nothing that it must keep.
  const started = (await readFile(trace, 'utf8')).match(/(?<=run_command: .* )(?:fetch|gc|maintenance)(?= )/g)
  assert.deepEqual(started, ['fetch'])
  await rename(source, `${source}-away`)
  assert.match(await read(), /^line 0;/, 'without its origin')
})

test('reading an object takes one process of git, until the repository is configured otherwise', async (t) => {
  const { folder, source, git } = await repository(t)
  const commit = await git('rev-parse', 'HEAD')
  const calls = join(folder, 'calls')
  const PATH = await wrappedGit(folder, `echo "$GIT_DIR" >>'${calls}'`)
  /** How many calls of git one read makes. */
  const read = async () => {
    await writeFile(calls, '')
    const { stdout } = await runGitOnObjects(source, ['cat-file', '-t', commit])
    assert.equal(stdout.trim(), 'commit')
    return (await readFile(calls, 'utf8')).split('\n').length - 1
  }
  await withVariables({ PATH }, async () => {
    await read()
    assert.equal(await read(), 1)
    await git('config', 'remote.origin.promisor', 'true')
    assert.ok((await read()) > 1, 'its configuration is read again')
    assert.equal(await read(), 1)
  })
})

test('a merge is not a patch, and format-patch would silently take the commit before it', async (t) => {
  const { source, git } = await repository(t)
  await git('checkout', '-q', '-b', 'side', 'HEAD^')
  await git('commit', '-q', '--allow-empty', '-m', 'side')
  await git('merge', '-q', '--no-edit', 'main')
  await assert.rejects(formatPatches(source, 'HEAD'), { name: 'UserError', message: /HEAD is a merge/, hint: /A\.\.B/ })
})

const isRoot = process.getuid?.() === 0

test('a repository of another user is reported as that, with the line that allows it, on every path', async (t) => {
  if (!isRoot) return t.skip('only root can give a folder to another user')
  const { folder, source, context, git } = await repository(t)
  const hash = await git('rev-parse', 'HEAD')
  for (const path of [source, join(source, '.git')]) await chown(path, 65_534, 65_534)
  const expected = {
    name: 'UserError',
    message: `git does not read ${source}: it belongs to another user`,
    hint: `if you trust it: git config --global --add safe.directory ${source}`,
  }
  const home = { HOME: join(folder, 'nobody'), XDG_CONFIG_HOME: join(folder, 'nobody') }
  await withVariables(home, async () => {
    await assert.rejects(selectKernels([`tree:${source}@HEAD`], context), expected)
    await assert.rejects(selectKernels([`tree:${source}`], context), expected)
    await assert.rejects(findBases([source], []), expected)
    await assert.rejects(isGitTree(source), expected)
    await assert.rejects(formatPatches(source, hash), expected)
    await assert.rejects(resolveCommit(source, 'HEAD'), expected)
    await assert.rejects(runGit(source, ['status'], { anyExit: true }), expected)
    await assert.rejects(readGitTreeSources(source, [], [], { workspace: context.workspace }), expected)
  })
  const trusting = { HOME: join(folder, 'trusting'), XDG_CONFIG_HOME: join(folder, 'trusting') }
  await mkdir(trusting.HOME)
  await writeFile(join(trusting.HOME, '.gitconfig'), `[safe]\n\tdirectory = ${source}\n`)
  await withVariables(trusting, async () => assert.equal(await isGitTree(source), true))
  const given = { HOME: '/nowhere', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: source }
  await withVariables(given, async () => assert.equal((await resolveCommit(source, 'HEAD')).commit, hash))
})
