/** A patch applied and built on small trees, with the machinery that builds kernels. */
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { buildLogOf } from '#harness/kernels/tree/build/rebuild.ts'
import { findBases, readSeries, targetsOf, tryBase } from '#run/verify/verify.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import type { Case } from '#domain/case.ts'
import { entryPath, publishEntry } from '#harness/kernels/provider/cache.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { MAKEFILE, patch, smallTree } from '#test/helpers/kernels/small-tree.ts'

const noInput = () => Promise.reject(new Error('nothing was to be read'))
const unexpected = (note: string) => assert.fail(note)

const GOOD = patch('int start(void) { return 3; }')
const WARNS = patch('int start(void) { int unused; return 3; }')

/** As the kernel's Makefile: it refuses a path that make would read as several words. */
const CHECK = '$(if $(filter-out 1,$(words $(subst :, ,$(CURDIR)))),$(error source directory cannot contain spaces or colons))\n'

/** A tree whose compiler warns, and whose objects can be built one by one. */
async function tree(t: Parameters<typeof smallTree>[0], cache?: string) {
  const small = await smallTree(t, cache)
  const own = `${CHECK}${MAKEFILE.replaceAll('gcc -c', 'gcc -Wall -c')}main.o other.o: ; @$(MAKE) --no-print-directory $(O)/$@\n`
  await writeFile(join(small.source, 'Makefile'), own)
  const sources = { input: noInput, cache: small.workspace.cache, onNote: unexpected }
  const verify = async (
    text: string,
    options: { each?: boolean; source?: string; cases?: readonly Case[]; configs?: readonly string[] } = {},
  ) => {
    const file = await small.write('a.patch', text)
    const [base] = await findBases([options.source ?? small.source], [])
    assert.ok(base)
    const patches = await readSeries(file, [base], sources)
    return tryBase(
      base,
      { patches, configs: options.configs ?? [], each: options.each ?? false, cases: options.cases ?? [] },
      small.context,
    )
  }
  return { ...small, verify, sources }
}

test('a patch that fits is built beside its base, without new warnings', async (t) => {
  const { verify } = await tree(t)
  const { tries, steps, trouble, exact } = await verify(GOOD)
  assert.deepEqual([tries[0]?.result, trouble, exact], ['cleanly', null, null])
  assert.deepEqual(
    steps.map(({ upTo, buildError, warnings }) => [upTo, buildError, warnings]),
    [[1, null, []]],
  )
})

test('a cache may have any path, also one that make cannot express and a selector cannot hold', async (t) => {
  process.env['KWITNESS_BUILD'] = await temporaryFolder(t)
  t.after(() => delete process.env['KWITNESS_BUILD'])
  for (const cache of ['a b', 'a:b', 'a,b', 'ws@2', 'a=b', 'x,config=y@1: z']) {
    const { verify } = await tree(t, cache)
    const { steps, trouble } = await verify(WARNS)
    assert.deepEqual([trouble, steps[0]?.buildError, steps[0]?.warnings?.length], [null, null, 1], cache)
  }
})

test('a warning in a touched file is new when the base does not give it', async (t) => {
  const { verify, source, events } = await tree(t)
  const first = await verify(WARNS)
  const message = "unused variable 'unused' [-Wunused-variable]"
  assert.deepEqual(first.steps[0]?.warnings, [{ file: 'main.c', message }])
  await writeFile(join(source, 'main.c'), 'int start(void) { int unused; return 1; }\n')
  const known = await verify(WARNS.replace('-int start(void) { return', '-int start(void) { int unused; return'))
  assert.deepEqual([known.tries[0]?.result, known.steps[0]?.warnings], ['cleanly', []])
  assert.ok(events.length > 0)
})

test('where a log is gone the objects are compiled again, of base and patched kernel alike', async (t) => {
  const { verify, context, log } = await tree(t)
  const { steps, kernel: base } = await verify(WARNS)
  const kernels = [base, steps[0]?.kernel ?? '']
  for (const id of kernels) await writeFile(await buildLogOf({ id }, context), '')
  assert.equal((await verify(WARNS)).steps[0]?.warnings?.length, 1)
  for (const id of kernels) assert.match(await log(`rebuild-${id}`), /CC {6}main\.o/)
})

test('what the configuration of a base lacks is named, with the Debian kernel of its series that has it', async (t) => {
  const { verify, write, workspace } = await tree(t)
  const cases = selectCases(await readCatalogue(CATALOGUE), ['ksm-*', 'secretmem-account', 'uffd-fork-event', 'prctl-auxv-tail'])
  const whole = await verify(GOOD, { cases })
  assert.deepEqual(whole.missingOptions, [], 'base.config has what cases need')

  const lines = ['# CONFIG_KSM is not set', '# CONFIG_SECRETMEM is not set', '# CONFIG_USERFAULTFD is not set']
  const configs = [await write('without.config', `${lines.join('\n')}\n`)]
  const [ksm, uffd, secretmem] = ['CONFIG_KSM', 'CONFIG_USERFAULTFD', 'CONFIG_SECRETMEM']
  const alone = await verify(GOOD, { cases, configs })
  const missing = [
    { case: 'ksm-soft-dirty', options: [ksm], debian: null },
    { case: 'ksm-unmerge-flags', options: [ksm, uffd], debian: null },
    { case: 'secretmem-account', options: [secretmem], debian: null },
    { case: 'uffd-fork-event', options: [uffd], debian: null },
  ]
  assert.deepEqual(alone.missingOptions, missing)

  // Debian's kernel of the version counts, not a newer one; what it lacks too is no shortcoming of the base.
  for (const [version, config] of [
    ['6.1.9', 'CONFIG_KSM=y\nCONFIG_USERFAULTFD=m\n# CONFIG_SECRETMEM is not set\n'],
    ['6.1.170', 'CONFIG_SECRETMEM=y\n'],
    ['6.12.9', 'CONFIG_SECRETMEM=y\n'],
  ] as const) {
    const [provider, flavour, arch] = ['debian', 'cloud-amd64', 'x86_64'] as const
    const series = version.startsWith('6.1.') ? '6.1.y' : '6.12.y'
    const kernel = { id: `debian-${version}-1-cloud-amd64`, provider, version, series, build: `${version}-1`, flavour, arch }
    await publishEntry(entryPath(workspace, kernel.id, '0123456789ab'), kernel, 'bookworm', async (folder) => {
      await writeFile(join(folder, 'bzImage'), 'an image')
      await writeFile(join(folder, 'config'), config)
    })
  }
  const debian = 'debian-6.1.9-1-cloud-amd64'
  const beside = await verify(GOOD, { cases, configs })
  const expected = missing.filter((one) => one.case !== 'secretmem-account').map((one) => ({ ...one, debian }))
  assert.deepEqual(beside.missingOptions, expected)
})

test('what does not build says why, with its log, and does not stop another base', async (t) => {
  const { verify, folder, source } = await tree(t)
  const { steps } = await verify(patch('int start(void) { return nothing_of_that_name; }'))
  assert.match(steps[0]?.buildError ?? '', /main\.c:1:\d+: error: .nothing_of_that_name. undeclared/)
  assert.match(await readFile(steps[0]?.log ?? '', 'utf8'), /nothing_of_that_name/)
  const other = join(folder, 'other')
  await cp(source, other, { recursive: true })
  assert.equal((await verify(GOOD, { source: other })).steps[0]?.buildError, null)
})

test('a base that does not build is reported as such, and is not built for a patch that does not apply', async (t) => {
  const { verify, source, events } = await tree(t)
  await writeFile(join(source, 'other.c'), 'no C\n')
  const unfit = await verify(GOOD.replace('return 1', 'return 9'))
  assert.deepEqual([unfit.tries[0]?.result, unfit.trouble], ['with-conflicts', null])
  assert.ok(!events.some(({ message }) => message.includes('building')))
  assert.match((await verify(GOOD)).trouble ?? '', /does not build: .*other\.c/)
})

test('of a series each patch can be built on those before it; a patch that is there makes no kernel of its own', async (t) => {
  const { verify } = await tree(t)
  const head = 'From 1 Mon Sep 17 00:00:00 2001\nSubject: [PATCH '
  const mail = (number: number, text: string) => `${head}${number}/2] step ${number}\n\n${text}\n`
  const second = patch('int start(void) { return 4; }').replace('return 1', 'return 3')
  const series = mail(1, GOOD) + mail(2, second)
  const whole = await verify(series)
  const each = await verify(series, { each: true })
  assert.deepEqual([whole.steps.map(({ upTo }) => upTo), each.steps.map(({ upTo }) => upTo)], [[2], [1, 2]])
  assert.equal(each.steps[1]?.kernel, whole.steps[0]?.kernel)
  const undone = patch('int start(void) { return 1; }').replace('-int start(void) { return 1', '-int start(void) { return 0')
  const there = await verify(mail(1, undone) + mail(2, GOOD), { each: true })
  assert.deepEqual(
    there.tries.map(({ result }) => result),
    ['already-applied', 'cleanly'],
  )
  assert.deepEqual(
    there.steps.map(({ upTo }) => upTo),
    [2],
  )
  assert.deepEqual((await verify(undone)).steps, [])
})

test('a commit of a git tree on two revisions of it: it fits one, and is there in the other', async (t) => {
  const { source, context, sources } = await tree(t)
  const git = async (...args: readonly string[]) => {
    const as = ['user.name=T', 'user.email=t@example.org', 'commit.gpgsign=false'].flatMap((one) => ['-c', one])
    return (await runCommand('git', [...as, '-C', source, ...args])).stdout.trim()
  }
  await runCommand('git', ['init', '-q', source])
  await git('add', '-A')
  await git('commit', '-q', '-m', 'start')
  await writeFile(join(source, 'main.c'), 'int start(void) { return 3; }\n')
  await git('commit', '-q', '-a', '-m', 'the fix')
  const [fix, start] = [await git('rev-parse', 'HEAD'), await git('rev-parse', 'HEAD^')]
  const bases = await findBases([source], [start, fix])
  const patches = await readSeries(fix, bases, sources)
  assert.deepEqual(
    patches.map(({ subject, commits }) => [subject, commits]),
    [['the fix', [fix]]],
  )
  const found = []
  for (const base of bases) found.push(await tryBase(base, { patches, configs: [], each: false, cases: [] }, context))
  assert.deepEqual(
    found.map(({ tries, steps }) => [tries[0]?.result, steps.length]),
    [
      ['cleanly', 1],
      ['already-applied', 0],
    ],
  )
})

test('what --patch and --tree cannot mean is the mistake of who wrote it', async (t) => {
  const { source, write, sources } = await tree(t)
  const bases = await findBases([source], [])
  await assert.rejects(readSeries('nowhere', bases, sources), {
    name: 'UserError',
    message: /nowhere is neither a file nor a commit/,
  })
  const words = await write('no.patch', 'words\n')
  await assert.rejects(readSeries(words, bases, sources), { name: 'UserError', message: /contains no change/ })
  await assert.rejects(findBases([source], ['v1']), { name: 'UserError', message: /--base takes revisions of a git tree/ })
  const [patchRead] = await readSeries('-', bases, {
    ...sources,
    input: () => Promise.resolve(Buffer.from(`Subject: [PATCH] a thing\n\n${GOOD}`)),
  })
  assert.deepEqual([patchRead?.name, patchRead?.subject], ['a-thing', 'a thing'])
})

test('a patch may come through a pipe, and one that cannot be read is named', async (t) => {
  const { source, write, sources } = await tree(t)
  const bases = await findBases([source], [])
  const pipe = join(await temporaryFolder(t), 'pipe')
  await runCommand('mkfifo', [pipe])
  const [[piped]] = await Promise.all([readSeries(pipe, bases, sources), writeFile(pipe, GOOD)])
  const [stored] = await readSeries(await write('a.patch', GOOD), bases, sources)
  assert.equal(piped?.text, stored?.text)
  await assert.rejects(readSeries('/proc/self/mem', bases, sources), {
    name: 'UserError',
    message: 'cannot read the patch /proc/self/mem: EIO',
  })
})

test('the case of a patch is the one it names as its fix, by commit or by subject', async () => {
  const cases = await readCatalogue(CATALOGUE)
  const target = 'uffd-mmap-changing-atomic'
  const by = (subject: string, commits: readonly string[]) =>
    targetsOf([{ name: 'x', subject, commits, text: '' }], cases, undefined)
  // Two cases see what it mends: events one after the other, and the end of one in the beginning of another.
  const both = ['uffd-change-vs-change', target]
  assert.deepEqual(by('userfaultfd: change mmap_changing to atomic', []), both)
  assert.deepEqual(by('other words', ['a759a909d42d']), both)
  assert.deepEqual(by('other words', ['a759a909d42e']), [])
  assert.deepEqual(targetsOf([], cases, [target]), [target])
  assert.throws(() => targetsOf([], cases, ['nowhere']), { name: 'UserError', message: 'no case matches nowhere' })
})
