/**
 * `npm run test:hosts`: the tests on other Debians, each with its own QEMU, compiler, git and apt.
 *
 *     npm run test:hosts                              conformance of QEMU on bookworm, trixie and sid, as a table
 *     npm run test:hosts -- trixie --only e2e/forks   other tests on one suite
 *     npm run test:hosts -- trixie --readme           the two commands of the README
 *     npm run test:hosts -- trixie --command 'CMD'    anything in the clone there
 *
 * Needs root, and debootstrap. A root takes some minutes and 2 GB, and stays in the cache (`--fresh` makes it anew).
 */
import { parseArgs } from 'node:util'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runGit } from '#harness/support/git.ts'
import { REPOSITORY } from '#harness/support/repository.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { enterRoot, openDebianRoot, type DebianRoot } from './root.ts'

const SUITES = ['bookworm', 'trixie', 'sid']
const CLONE = '/root/kwitness'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', multiple: true, default: ['hosts/qemu'] },
    readme: { type: 'boolean', default: false },
    command: { type: 'string', multiple: true, default: [] },
    fresh: { type: 'boolean', default: false },
  },
})

/** By the name of an item, its result on one host. */
type Column = { readonly title: string; readonly items: ReadonlyMap<string, string> }

async function openHost(suite: string): Promise<DebianRoot> {
  const debs = join(findWorkspace().cache, 'debs')
  await mkdir(debs, { recursive: true })
  // Packages are named by their hash and checked at each use.
  const hear = (line: string) => console.log(`${suite}  ${line}`)
  const root = await openDebianRoot(suite, { fresh: values.fresh, binds: { '/root/.cache/kwitness/debs': debs }, hear })
  const clone = join(root.folder, CLONE)
  await rm(clone, { recursive: true, force: true })
  await runGit(null, ['clone', '-q', '--no-hardlinks', REPOSITORY, clone])
  return root
}

async function versionsIn(root: DebianRoot): Promise<string> {
  const lines: string[] = []
  await enterRoot(root, ['sh', '-c', 'qemu-system-x86_64 --version; gcc -dumpfullversion; git --version'], (line) =>
    lines.push(line),
  )
  return /version (\S+)/.exec(lines[0] ?? '')?.[1] ?? 'unknown'
}

async function testHost(suite: string): Promise<Column> {
  const root = await openHost(suite)
  const items = new Map<string, string>()
  const hear = (line: string) => {
    console.log(`${suite}  ${line}`)
    const [, word = '', name = '', seconds = ''] = /^(ok|FAIL) +([^:]+?) \(([\d.]+) s\)$/.exec(line) ?? []
    if (word !== '') items.set(name, word === 'ok' ? `${seconds} s` : 'FAIL')
  }
  const commands = values.readme ? ['./kwitness run', 'npm test'] : values.command
  if (commands.length > 0) {
    for (const command of commands) {
      const started = performance.now()
      const code = await enterRoot(root, ['sh', '-c', `cd ${CLONE} && ${command}`], hear)
      items.set(command, code === 0 ? `${Math.round((performance.now() - started) / 1000)} s` : `FAIL, exit code ${code}`)
    }
  } else {
    const words = values.only.flatMap((word) => ['--only', word])
    const code = await enterRoot(root, ['sh', '-c', `cd ${CLONE} && exec npm test -- "$@"`, 'sh', ...words], hear)
    items.set('all of it', code === 0 ? 'passed' : `FAIL, exit code ${code}`)
  }
  return { title: `${suite}, QEMU ${await versionsIn(root)}`, items }
}

function formatTable(columns: readonly Column[]): string {
  const names = [...new Set(columns.flatMap(({ items }) => [...items.keys()]))]
  const width = Math.max(...names.map((name) => name.length))
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padEnd(24))].join('  ').trimEnd()
  return [
    row(
      '',
      columns.map(({ title }) => title),
    ),
    ...names.map((name) =>
      row(
        name,
        columns.map(({ items }) => items.get(name) ?? 'not run'),
      ),
    ),
  ].join('\n')
}

const columns: Column[] = []
for (const suite of positionals.length > 0 ? positionals : SUITES) columns.push(await testHost(suite))
console.log(`\n${formatTable(columns)}`)
process.exitCode = columns.some(({ items }) => [...items.values()].some((result) => result.startsWith('FAIL'))) ? 1 : 0
