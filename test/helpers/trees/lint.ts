/** A small tree with this repository's own rules, that every check passes until a file spoils it. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { REPOSITORY } from '#harness/support/repository.ts'
import { runCommand } from '#harness/support/process.ts'

const RULES = ['tsconfig.json', '.oxlintrc.json', '.oxfmtrc.json', 'knip.jsonc', 'lint/layers.json', 'kwitness', '.ci/run']

const CLEAN: Readonly<Record<string, string>> = {
  'src/domain/word.ts': "/** A word. */\nexport const word = 'word'\n",
  'src/render/line.ts': `/** A line. */
import { word } from '../domain/word.ts'

export const line = (console: string) => console + word
`,
  'src/cli/main.ts': `/** The command line. */
import { line } from '#render/line.ts'

console.log(line('a'))
`,
  'c-tests/some-case/repro.c': '// SPDX-License-Identifier: GPL-2.0-only\nint main(void)\n{\n\treturn 0;\n}\n',
  'page.md': 'See [the word](src/domain/word.ts).\n',
}

/** Make it, with `files` on top, use it, and remove it. */
export async function withTree<T>(files: Readonly<Record<string, string>>, use: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'kwitness-lint-'))
  try {
    for (const file of RULES) await cp(join(REPOSITORY, file), join(root, file))
    for (const [file, text] of Object.entries({ ...CLEAN, ...files })) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      await writeFile(join(root, file), text.replaceAll('ROOT', root))
    }
    await writeFile(join(root, 'package.json'), await packageWithoutDependencies())
    await runCommand('git', ['init', '--quiet'], { cwd: root })
    await symlink(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))
    await writeFile(join(root, '.git', 'info', 'exclude'), 'node_modules\n.tsbuildinfo\n')
    return await use(root)
  } finally {
    await rm(root, { recursive: true })
  }
}

/** This repository's package.json without packages: a small tree uses none of them. */
async function packageWithoutDependencies(): Promise<string> {
  const own = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as Record<string, unknown>
  return JSON.stringify({ ...own, dependencies: {}, devDependencies: {} })
}
