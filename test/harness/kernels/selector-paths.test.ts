/** Paths in selectors hold any character. */
import assert from 'node:assert/strict'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { parseFileSelector } from '#harness/kernels/file/selector.ts'
import { selectKernels } from '#harness/kernels/index.ts'
import { escapePath } from '#harness/kernels/provider/selector-parts.ts'
import { readRecipe } from '#harness/kernels/tree/source/recipe.ts'
import { parseTreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { findBases, readSeries, tryBase } from '#run/verify/verify.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { patch, smallTree } from '#test/helpers/kernels/small-tree.ts'

/** Names that Jenkins and people give to folders, and worse. */
const NAMES = ['ws@2', 'a,b', 'a b', 'a:b', 'a=b', 'x,patch=y', 'z,config=kasan', 'back\\slash', '@', ',', 'v@1,patch=p@2']

async function folders(t: TestContext) {
  const folder = await temporaryFolder(t)
  for (const name of NAMES) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, `${name}.patch`), '')
  }
  return NAMES.map((name) => ({ path: join(folder, name), file: join(folder, name, `${name}.patch`) }))
}

test('a path that is there is taken whole, with and without a revision, patches and fragments', async (t) => {
  for (const { path, file } of await folders(t)) {
    const whole = { place: { kind: 'path', path }, patches: [], configs: [] }
    assert.deepEqual(parseTreeSelector(path), whole, path)
    assert.deepEqual(parseTreeSelector(`${path},patch=${file},config=kasan,patch=${file},config=${file}`), {
      place: { kind: 'path', path },
      patches: [file, file],
      configs: ['kasan', file],
    })
    for (const revision of ['v6.1', 'HEAD@{1}', 'HEAD~3', 'topic/a@b']) {
      const place = { kind: 'git', path, revision }
      assert.deepEqual(parseTreeSelector(`${path}@${revision}`), { ...whole, place }, path)
      assert.deepEqual(parseTreeSelector(`${path}@${revision},patch=${file}`), { ...whole, place, patches: [file] }, path)
    }
    assert.deepEqual(parseFileSelector(`${file},config=${file},modules=${path}`), { image: file, config: file, modules: path })
  }
})

test('where nothing is there an escape says what belongs to the path', () => {
  const part = '/no\\@where/a\\,patch=b\\\\@v6.1,patch=/no/a\\,config=c.patch'
  assert.deepEqual(parseTreeSelector(part), {
    place: { kind: 'git', path: '/no@where/a,patch=b\\', revision: 'v6.1' },
    patches: ['/no/a,config=c.patch'],
    configs: [],
  })
  assert.throws(() => parseTreeSelector('/no/where,cc=x'), {
    name: 'UserError',
    message: /"cc=x" is neither patch=FILE nor config=/,
  })
  assert.throws(() => parseTreeSelector('/no/where,patch='), { name: 'UserError', message: /patch= names nothing/ })
})

test('an escaped path is read back as it was, whatever it holds', () => {
  const name = fc.array(fc.constantFrom(...',@\\=: ab.', ',patch=', ',config='), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(name, name, (one, other) => {
      const [source, file] = [`/none/${one.join('')}x`, `/none/${other.join('')}x`]
      const parsed = parseTreeSelector(`${escapePath(source)}@v6.1,patch=${escapePath(file)}`)
      assert.deepEqual(parsed, { place: { kind: 'git', path: source, revision: 'v6.1' }, patches: [file], configs: [] })
    }),
  )
})

test('a kernel of a tree and a patch with such names is found; a mailbox is a series of patches', async (t) => {
  const { folder, source, context, workspace } = await smallTree(t)
  const [odd, file] = [join(folder, 'ws@2,x=y'), join(folder, 'p@1,q=r s:t.mbox')]
  await cp(source, odd, { recursive: true })
  const head = 'From 1 Mon Sep 17 00:00:00 2001\nSubject: [PATCH '
  const second = patch('int start(void) { return 4; }').replace('return 1', 'return 3')
  await writeFile(file, `${head}2/2] two\n\n${second}\n${head}1/2] one\n\n${patch('int start(void) { return 3; }')}\n`)
  const [kernel] = await selectKernels([`tree:${odd},patch=${file}`], context)
  const recipe = await readRecipe(kernel?.id ?? '', workspace)
  assert.deepEqual(
    recipe?.patches.map(({ name, text }) => [name, text.split('\n').at(-2)]),
    [
      ['p@1,q=r s:t 1/2', '+int start(void) { return 3; }'],
      ['p@1,q=r s:t 2/2', '+int start(void) { return 4; }'],
    ],
  )
  assert.match(kernel?.origin ?? '', /ws@2,x=y, patch p@1,q=r s:t \(2 patches\)$/)
})

test('verify works where the cache has such a name: its own files go through no selector', async (t) => {
  const { folder, source, context } = await smallTree(t)
  const workspace = { cache: join(folder, 'ws@2,patch=x'), state: folder }
  const file = join(folder, 'a,config=b@c.patch')
  await writeFile(file, patch('int start(void) { return 3; }'))
  const [base] = await findBases([source], [])
  assert.ok(base)
  const sources = { input: () => readFile(file), cache: workspace.cache, onNote: assert.fail }
  const patches = await readSeries(file, [base], sources)
  const { tries, steps, trouble } = await tryBase(
    base,
    { patches, configs: [], each: false, cases: [] },
    { ...context, workspace },
  )
  assert.deepEqual([tries[0]?.result, steps[0]?.buildError, trouble], ['cleanly', null, null])
})
