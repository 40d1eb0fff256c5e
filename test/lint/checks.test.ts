import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostMirrors } from '#harness/kernels/debian/archive/root.ts'
import { CHECKS, formatResult, runChecks } from '#lint/checks.ts'
import { withTree } from '#test/helpers/trees/lint.ts'

/** What one file must make the named check say, one pattern for each diagnostic. */
type Spoiled = [check: string, what: string, file: string, text: string, ...diagnostics: RegExp[]]

const doc = (code: string) => `/** A file. */\n${code}\n`
const c = (code: string) => `// SPDX-License-Identifier: GPL-2.0-only\n${code}\n`

const SPOILED: Spoiled[] = [
  [
    'layers',
    'domain imports from above',
    'src/domain/a.ts',
    doc("export * from '../render/line.ts'"),
    /domain\/a\.ts:2 .* may not import from src\/render/,
  ],
  [
    'layers',
    'a type counts too',
    'src/domain/a.ts',
    doc("export type A = import('../../harness/a.ts').A"),
    /may not import from harness/,
  ],
  [
    'layers',
    'so does a late import',
    'src/verdict/a.ts',
    doc("export const a = () => import('../run/a.ts')"),
    /may not import from src\/run/,
  ],
  [
    'layers',
    'nobody imports the command line',
    'src/run/a.ts',
    doc("import '../cli/main.ts'"),
    /src\/run may not import from src\/cli/,
  ],
  [
    'layers',
    'a pure folder reads files',
    'src/console/a.ts',
    doc("import 'node:fs'"),
    /src\/console is pure and imports node:fs/,
  ],
  [
    'layers',
    'a pure folder asks the clock',
    'src/render/a.ts',
    doc('export const a = [Date.now(), new Date()]'),
    /uses Date\.now/,
    /uses new Date\(\)/,
  ],
  [
    'children',
    "git, tar and a shell in the caller's environment",
    'harness/support/a.ts',
    doc("runCommand('git', [])\nrunCommand('setpriv', ['flock', 'bash', '-c', script])\nexport * from 'node:child_process'"),
    /a\.ts:2 starts git itself: use runGit/,
    /a\.ts:3 starts bash itself/,
    /a\.ts:4 starts children itself/,
  ],
  [
    'placeholders',
    'a case that nobody filled in',
    'c-tests/some-case/case.json',
    '{\n  "title": "PLACEHOLDER: the bug"\n}\n',
    /case\.json:2 holds a placeholder/,
  ],
  [
    'folders',
    'a mkdir that may never return',
    'src/run/a.ts',
    doc("import { mkdirSync } from 'node:fs'\nmkdirSync('a/b', { recursive: true })"),
    /run\/a\.ts:3 makes folders by a recursive mkdir/,
  ],
  ['layers', 'a pure folder rolls dice', 'src/verdict/a.ts', doc('export const a = Math.random()'), /uses Math\.random/],
  [
    'layers',
    'a pure folder reads the environment',
    'src/analysis/a.ts',
    doc('export const a = process.env'),
    /pure and uses process/,
  ],
  ['layers', 'a pure folder prints', 'src/domain/a.ts', doc("console.log('a')"), /src\/domain is pure and uses console/],
  [
    'layers',
    'a second door to a package',
    'harness/a.ts',
    doc("import 'execa'"),
    /imports execa, which only harness\/support\/process\.ts may/,
  ],
  [
    'layers',
    'a package nobody gave a door',
    'harness/a.ts',
    doc("import '@some/package/file.js'"),
    /imports @some\/package, .* gives to no file/,
  ],
  ['layers', 'a folder nobody named', 'src/utils/a.ts', doc('export const a = 1'), /src\/utils\/a\.ts lies in no folder/],
  ['layers', 'an import from outside', 'harness/a.ts', doc("import '../../elsewhere.ts'"), /which lies in no folder/],
  ['types', 'a wrong type', 'harness/a.ts', doc("export const a: number = 'a'"), /tsc exits/, /a\.ts.*TS2322/],
  [
    'rules',
    'printing below the command line',
    'harness/a.ts',
    doc("console.log('a')"),
    /oxlint exits/,
    /a\.ts:2.*no-console/,
    /1 problem/,
  ],
  [
    'rules',
    'a pure folder takes more than hashes',
    'src/render/a.ts',
    doc("export { randomUUID } from 'node:crypto'"),
    /oxlint exits/,
    /no-restricted-imports/,
    /1 problem/,
  ],
  [
    'rooms',
    'files in a circle, by a type',
    'src/domain/word.ts',
    doc("import type { line } from '../render/line.ts'\nexport const word: ReturnType<typeof line> = 'word'"),
    /domain\/word\.ts this file imports in a circle with src\/render\/line\.ts/,
    /src\/domain this folder imports in a circle with src\/render/,
  ],
  [
    'rooms',
    'folders in a circle',
    'src/domain/a.ts',
    doc("export * from '../render/line.ts'"),
    /src\/domain this folder imports in a circle with src\/render/,
  ],
  [
    'rooms',
    'an import that climbs',
    'harness/boot/a.ts',
    doc("export * from '../../src/domain/word.ts'"),
    /boot\/a\.ts:2 imports \.\.\/\.\.\/src\/domain\/word\.ts: use an alias/,
  ],
  ['format', 'another style', 'harness/a.ts', doc('export const a = "a";'), /oxfmt exits 1/, /harness\/a\.ts/],
  [
    'unused',
    'an export that nobody imports',
    'src/domain/word.ts',
    doc("export const word = 'word'\nexport const more = 'more'"),
    /knip exits 1/,
    /Unused exports/,
    /word\.ts: more/,
  ],
  ['unused', 'a file that nobody imports', 'harness/a.ts', doc('export {}'), /knip exits 1/, /Unused files/, /harness\/a\.ts/],
  ['retired', 'in a name', 'harness/a.ts', doc('export const readWishes = 1'), /a\.ts:2 says "Wishes": write "request"/],
  ['retired', 'in a comment', 'c-tests/a.c', c('/* It shall stop. */'), /a\.c:2 says "shall": write "must or will"/],
  ['retired', 'on a page', 'page.md', 'Where no kernel is to be had.\n', /page\.md:1 says "to be had": write "available"/],
  ['retired', 'in data', 'c-tests/a/case.json', '{"proof":"leans on it"}\n', /case\.json:1 says "leans": write "reference rate"/],
  ['retired', 'in a page', 'reports/templates/a.hbs', '<p>once in 40 times</p>\n', /a\.hbs:1 says "once in 4": write "per cent"/],
  [
    'retired',
    'above a diff',
    'a.patch',
    'A road.\n--- a/f.c\n+++ b/f.c\n+\troad = 1;\n',
    /a\.patch:1 says "road": write "boot method/,
  ],
  ['sizes', 'a long file', 'harness/a.ts', doc('//\n'.repeat(299)), /a\.ts has 30\d lines, the limit is 300/],
  ['sizes', 'a wide line', 'harness/a.ts', doc(`// ${'-'.repeat(128)}`), /a\.ts:2 is wider than 130 columns/],
  ['sizes', 'tabs count as eight', 'c-tests/a.c', c(`${'\t'.repeat(12)}/* a */`), /a\.c:2 is wider than 100 columns/],
  ['sizes', 'trailing blanks', 'c-tests/a.c', c('int a; '), /a\.c:2 has trailing white space/],
  ['openings', 'no opening sentence', 'harness/a.ts', 'export const a = 1\n', /a\.ts:1 does not open with a sentence/],
  ['words', 'the place of the tree', 'a.txt', 'cd ROOT\n', /a\.txt:1 names the place of this tree/],
  [
    'links',
    'a link to nothing',
    'docs/a.md',
    'See [it](../src/domain/word.ts), [that](#a) and [this](b.md).\n',
    /a\.md:1 links to b\.md/,
  ],
  ['c', 'a warning', 'c-tests/a.c', c('static int unused;'), /does not compile/, /unused/, /./, /./, /cc1: all warnings/],
  ['c-style', 'no licence', 'vm-images/guest/a.c', 'int a;\n', /a\.c:1 does not open with its SPDX licence line/],
  [
    'c-style',
    'another licence',
    'vm-images/guest/a.h',
    '/* SPDX-License-Identifier: MIT */\n',
    /a\.h:1 does not open with its SPDX/,
  ],
  ['c-style', 'spaces', 'c-tests/a.c', c('int a(void)\n{\n    return 1;\n}'), /a\.c:4 is indented with spaces/],
  ['shell', 'a launcher that does not read', 'kwitness', '#!/bin/sh\nif\n', /sh exits 2/, /Syntax error/],
  ['shell', 'a CI script that does not read', '.ci/run', 'case in\n', /bash exits 2/, /syntax error/],
]

/** Names of the checks that refuse a tree, and their diagnostics as shown. */
async function lint(root: string, only?: string): Promise<Record<string, string[]>> {
  const said: Record<string, string[]> = {}
  const wanted = CHECKS.filter(({ name }) => only === undefined || name === only)
  for await (const result of runChecks(root, wanted)) {
    if (result.diagnostics.length > 0) said[result.check.name] = formatResult(result).split('\n').slice(1)
  }
  return said
}

test('every check passes a clean tree', async () => {
  assert.deepEqual(await withTree({}, (root) => lint(root)), {})
})

for (const [check, what, file, text, ...diagnostics] of SPOILED) {
  test(`${check}: ${what}`, async () => {
    const said = (await withTree({ [file]: text }, (root) => lint(root, check)))[check] ?? []
    assert.equal(said.length, diagnostics.length, said.join('\n'))
    for (const [index, diagnostic] of diagnostics.entries()) assert.match(said[index] ?? '', diagnostic)
  })
}

test('rooms: a folder with many files of code, unless they are golden data', async () => {
  const numbers = Array.from({ length: 16 }, (_, number) => number)
  const files = (folder: string) => Object.fromEntries(numbers.map((number) => [`${folder}/a${number}.c`, c('')]))
  const said = await withTree({ ...files('c-tests/large'), ...files('test/golden/large') }, (root) => lint(root, 'rooms'))
  assert.deepEqual(said['rooms'], ['        c-tests/large holds 16 files of code, the limit is 15'])
})

test('words: a host that packages come from', async (context) => {
  const [mirror] = await hostMirrors()
  if (mirror === undefined) return context.skip('apt has no mirror configured here')
  const said = await withTree({ 'a.txt': `from ${new URL(mirror).hostname}\n` }, (root) => lint(root, 'words'))
  assert.match(said['words']?.join('\n') ?? '', /a\.txt:1 names a host that packages come from/)
})

test('every check has a tree that it refuses', () => {
  const refused = new Set(SPOILED.map(([check]) => check))
  assert.deepEqual(
    CHECKS.map(({ name }) => name).filter((name) => !refused.has(name)),
    [],
  )
})

test('a check that cannot run says so', async () => {
  const said = await withTree({ 'lint/layers.json': 'not json' }, (root) => lint(root, 'layers'))
  assert.match(said['layers']?.join('\n') ?? '', /cannot run: .*not valid JSON/)
})
