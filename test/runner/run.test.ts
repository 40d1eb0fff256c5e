/** `npm test` itself, in a copy of this repository with small tests of its own. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { copyTree, giveRuntime, start, type Tree } from '#test/helpers/trees/launcher.ts'

const GOOD = "test('good', () => {})"
const SAMPLES: Readonly<Record<string, string>> = {
  good: GOOD,
  bad: `${GOOD}\ntest('bad', () => assert.equal(1, 2))\nconsole.log('a word beside')`,
  skips: `${GOOD}\ntest('elsewhere', { skip: 'no such machine' }, () => {})\ntest('later', { todo: true }, () => {})`,
  empty: '',
  lost: "import './nowhere.ts'",
  early: "test('early', () => process.exit(0))",
  nested: "suite('all', () => { test('inner bad', () => assert.fail('deep')); test('inner good', () => {}) })",
  hung: `${GOOD}\ntest('hangs', () => new Promise(() => setInterval(() => {}, 1000)))`,
  held: `process.on('SIGTERM', () => {})
test('holds', () => new Promise(() => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })))`,
  stops: "test('stops', () => new Promise(() => setInterval(() => {}, 1000) && process.kill(process.ppid, 'SIGTERM')))",
  hooked: "suite('all', () => { after(() => assert.fail('in the hook')); test('inner good', () => {}) })",
}

/** Files that share a process. */
const SHARING: Readonly<Record<string, string>> = {
  good: GOOD,
  bad: `${GOOD}\ntest('bad', () => assert.equal(1, 2))`,
  skips: "test('elsewhere', { skip: 'no such machine' }, () => {})",
  empty: '',
  lost: "import './nowhere.ts'",
  nested: "const it = await Promise.resolve('inner good')\nsuite('all', () => { test(it, () => {}) })",
  hooked: `after(() => assert.fail('in the hook'))\n${GOOD}`,
}

let tree: Tree

before(async () => {
  tree = await copyTree()
  await giveRuntime(tree)
  const imports = [
    "import assert from 'node:assert/strict'",
    "import { spawn } from 'node:child_process'",
    "import { after, suite, test } from 'node:test'",
  ]
  const head = `${imports.join('\n')}\nvoid [assert, spawn, after, suite, test]\n`
  for (const [name, body] of Object.entries(SAMPLES)) {
    await mkdir(join(tree.root, 'test', `sample-${name}`))
    await writeFile(join(tree.root, 'test', `sample-${name}`, 'a.test.ts'), `${head}${body}\n`)
  }
  const few =
    "import assert from 'node:assert/strict'\nimport { after, suite, test } from 'node:test'\nvoid [assert, after, suite, test]\n"
  const sharing = {
    ...SHARING,
    'that-blocks': `${GOOD}\ntest('blocks', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))`,
  }
  for (const [name, body] of Object.entries(sharing)) {
    await mkdir(join(tree.root, 'test', `sharing-${name}`))
    await writeFile(join(tree.root, 'test', `sharing-${name}`, 'a.test.ts'), `${few}${body}\n`)
  }
  await mkdir(join(tree.root, 'test', 'e2e'), { recursive: true })
  await writeFile(join(tree.root, 'test', 'e2e', 'sample-slow.test.ts'), `${head}${GOOD}\n`)
})

after(() => tree.remove())

const runTests = (...only: string[]) => runWith(only.flatMap((word) => ['--only', word]))

/** Each run has a cache of its own, unless it is given one: what earlier runs took decides in which order files start. */
async function runWith(
  args: readonly string[],
  cache = join(tree.cache, randomUUID()),
): Promise<{ exitCode: number; lines: string[] }> {
  // What node compiled for one run serves the next, as behind the launcher.
  const env = { KWITNESS_CACHE: cache, NODE_COMPILE_CACHE: join(tree.cache, 'compile') }
  const options = { program: process.execPath, env }
  const { exitCode, stdout } = await start(tree, [join(tree.root, 'test', 'run.ts'), ...args], options)
  const lines = stdout.replaceAll(/\(\d+(?:\.\d)? s\)/g, '(N s)').split('\n')
  // On a slow machine it says what it waits for.
  return { exitCode, lines: lines.filter((line) => !line.startsWith('      waiting for ')) }
}

suite('the test runner', { concurrency: true }, () => {
  test('what passes', async () => {
    const lines = ['ok    test/sample-good/a.test.ts: 1 passed (N s)', '1 passed, 0 failed']
    assert.deepEqual(await runTests('sample-good'), { exitCode: 0, lines })
  })

  test('what fails, with what it printed', async () => {
    const { exitCode, lines } = await runTests('sample-bad')
    assert.equal(exitCode, 1)
    assert.equal(lines[0], 'FAIL  test/sample-bad/a.test.ts: 1 passed, 1 failed (N s)')
    assert.equal(lines[1], '        bad (test/sample-bad/a.test.ts:6)')
    assert.match(lines.join('\n'), /AssertionError.*\n(?:.*\n)*.*1 !== 2\n/)
    assert.deepEqual(lines.slice(-3), ['        it printed:', '        a word beside', '1 passed, 1 failed'])
  })

  test('what is skipped, and why', async () => {
    const lines = [
      'ok    test/sample-skips/a.test.ts: 1 passed (N s)',
      '        skipped: elsewhere: no such machine',
      '        skipped: later: no reason given',
      '1 passed, 0 failed, 2 skipped',
    ]
    assert.deepEqual(await runTests('sample-skips'), { exitCode: 0, lines })
  })

  test('what a file reports, and what it does not, counts as it should', async () => {
    const { exitCode, lines } = await runTests(...['nested', 'hooked', 'empty', 'lost', 'early'].map((name) => `sample-${name}`))
    assert.deepEqual({ exitCode, last: lines.at(-1) }, { exitCode: 1, last: '2 passed, 5 failed' })
    const reports = lines
      .slice(0, -1)
      .join('\n')
      .split(/\n(?=FAIL|ok)/)
    const reportOf = (name: string) => reports.find((report) => report.includes(`test/sample-${name}/a.test.ts: `)) ?? ''
    // Tests in suites are counted, suites are not.
    assert.match(reportOf('nested'), /: 1 passed, 1 failed \(N s\)\n.* inner bad \(test\/sample-nested\/a\.test\.ts:5\)\n.*deep/)
    // A suite fails by its own hook.
    assert.match(reportOf('hooked'), /: 1 passed, 1 failed \(N s\)\n(?:.*\n)*.*in the hook/)
    const empty = 'FAIL  test/sample-empty/a.test.ts: 0 passed, 1 failed (N s)'
    assert.equal(reportOf('empty'), `${empty}\n        there is no test in it, or it ended before the first did`)
    assert.match(reportOf('lost'), /: 0 passed, 1 failed \(N s\)\n(?:.*\n)*.*Cannot find module '.*nowhere\.ts'/)
    assert.match(reportOf('early'), /: 0 passed, 1 failed \(N s\)\n/)
  })

  test('files that share a process have their lines as if each had its own', async () => {
    const { exitCode, lines } = await runTests(...Object.keys(SHARING).map((name) => `sharing-${name}`))
    assert.equal(exitCode, 1)
    const text = lines.join('\n')
    assert.deepEqual(lines.filter((line) => /^\S/.test(line)).toSorted(), [
      '4 passed, 4 failed, 1 skipped',
      'FAIL  test/sharing-bad/a.test.ts: 1 passed, 1 failed (N s)',
      'FAIL  test/sharing-empty/a.test.ts: 0 passed, 1 failed (N s)',
      'FAIL  test/sharing-hooked/a.test.ts: 1 passed, 1 failed (N s)',
      'FAIL  test/sharing-lost/a.test.ts: 0 passed, 1 failed (N s)',
      'ok    test/sharing-good/a.test.ts: 1 passed (N s)',
      'ok    test/sharing-nested/a.test.ts: 1 passed (N s)',
      'ok    test/sharing-skips/a.test.ts: 0 passed (N s)',
    ])
    assert.match(text, / bad \(test\/sharing-bad\/a\.test\.ts:5\)\n.*AssertionError.*\n(?:.*\n)*.*1 !== 2\n/)
    assert.match(text, /sharing-empty.*\n +there is no test in it/)
    assert.match(text, /sharing-hooked.*\n.*the file \(test\/sharing-hooked\/a\.test\.ts.*\n.*in the hook/)
    assert.match(text, /sharing-lost.*\n(?:.*\n)?.*Cannot find module '.*nowhere\.ts'/)
    assert.match(text, /sharing-skips.*\n +skipped: elsewhere: no such machine/)
  })

  test('files together are added up; those of e2e come last, test by test', async () => {
    const { exitCode, lines } = await runTests('sample-good', 'sample-nested', 'sample-slow')
    assert.equal(exitCode, 1)
    assert.deepEqual(
      lines.filter((line) => /^\S/.test(line)),
      [
        'ok    test/sample-good/a.test.ts: 1 passed (N s)',
        'FAIL  test/sample-nested/a.test.ts: 1 passed, 1 failed (N s)',
        'ok    good (N s)',
        'ok    test/e2e/sample-slow.test.ts: 1 passed (N s)',
        '3 passed, 1 failed',
      ],
    )
  })

  test('what took longest the last time starts first', async () => {
    const cache = join(tree.cache, 'of two runs')
    const both = ['--only', 'sample-good', '--only', 'sample-skips']
    const order = ({ lines }: { lines: string[] }) => lines.flatMap((line) => /sample-\w+/.exec(line)?.[0] ?? [])
    assert.deepEqual(order(await runWith(both, cache)), ['sample-good', 'sample-skips'])
    const file = join(cache, 'test-durations.json')
    const durations = JSON.parse(await readFile(file, 'utf8')) as Record<string, number>
    assert.deepEqual(Object.keys(durations).toSorted(), ['test/sample-good/a.test.ts', 'test/sample-skips/a.test.ts'])
    assert.ok(Object.values(durations).every((ms) => ms > 0))
    await writeFile(file, JSON.stringify({ 'test/sample-good/a.test.ts': 1, 'test/sample-skips/a.test.ts': 2 }))
    assert.deepEqual(order(await runWith(both, cache)), ['sample-skips', 'sample-good'])
  })

  test('a run that is stopped says so, and still ends with the count', async () => {
    const { exitCode, lines } = await runTests('sample-stops')
    assert.equal(exitCode, 1)
    assert.deepEqual(lines, ['FAIL  stopped by SIGTERM, at work at test/sample-stops/a.test.ts (N s)', '0 passed, 1 failed'])
  })

  test('a lane takes its own: what boots guests lies in test/e2e, all else is the unit lane', async () => {
    for (const [lane, file] of [
      ['unit', 'test/sample-good/a.test.ts'],
      ['e2e', 'test/e2e/sample-slow.test.ts'],
    ] as const) {
      const { exitCode, lines } = await runWith(['--lane', lane, '--only', 'sample-good', '--only', 'sample-slow'])
      const last = [`ok    ${file}: 1 passed (N s)`, '1 passed, 0 failed']
      assert.deepEqual({ exitCode, last: lines.slice(-2) }, { exitCode: 0, last })
    }
    const none = await runWith(['--lane', 'e2e', '--only', 'lint'])
    assert.deepEqual(none.lines, ['nothing ran: no test of the lane e2e has lint in its path', '0 passed, 0 failed'])
    const wrong = await runWith(['--lane', 'slow'])
    assert.deepEqual(wrong, { exitCode: 2, lines: ['--lane takes unit or e2e, not slow'] })
  })

  test('nothing to run is not a pass', async () => {
    const lines = ['nothing ran: no test has no-such-test in its path', '0 passed, 0 failed']
    assert.deepEqual(await runTests('no-such-test'), { exitCode: 1, lines })
  })
})

// Alone, so that both have begun long before their time is over.
test('a file that does not end is killed with what it started, named, and fails', async () => {
  const names = ['sample-hung', 'sample-held', 'sharing-that-blocks']
  const { exitCode, lines } = await runWith([...names.flatMap((name) => ['--only', name]), '--minutes', '0.2'])
  assert.equal(exitCode, 1)
  const killed = (name: string) => `        it was not over after 0.2 minutes, so it was killed, at work at: ${name}`
  assert.equal(lines.at(-1), '1 passed, 3 failed')
  // The one that shares a process may come before the others or after them.
  const reports = lines
    .slice(0, -1)
    .join('\n')
    .split(/\n(?=FAIL)/)
  assert.deepEqual(reports.toSorted(), [
    `FAIL  test/sample-held/a.test.ts: 0 passed, 1 failed (N s)\n${killed('holds')}`,
    `FAIL  test/sample-hung/a.test.ts: 1 passed, 1 failed (N s)\n${killed('hangs')}`,
    `FAIL  test/sharing-that-blocks/a.test.ts: 0 passed, 1 failed (N s)\n${killed('no test')}`,
  ])
})
