/** A bisection as text, and as a script. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { reportBisection } from '#analysis/bisect/report.ts'
import { renderBisectScript } from '#render/bisect/script.ts'
import { BISECTION_ASSETS, renderBisectionHtml } from '#render/bisect/html.ts'
import { renderBisection, renderBisectionJson, renderBisectionMarkdown } from '#render/bisect/text.ts'
import { ended, hash, step } from '#test/helpers/reports/bisections.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { readAssets } from '#test/helpers/templates.ts'

const plain = { width: 100, colour: false, ascii: false }
const found = (errorProbability = 0) =>
  reportBisection(
    ended({
      end: { kind: 'found', commit: hash('3') },
      commits: ended().commits.slice(1),
      steps: ended().steps.map((one) => (one.commit === hash('1') ? { ...one, sameAs: null, errorProbability } : one)),
    }),
  )

test('the terminal names the commit, its trailers, both sides with evidence, each step, and what was skipped', () => {
  const text = renderBisection(found(2e-7), plain)
  assert.match(text, /^333333333333 \(mm: commit 3\) introduced the bug of mm-case, confidence 0\.9999998/m)
  assert.match(text, /Fixes: 123456789abc \("what"\)/)
  assert.match(text, /last without the bug: 111111111111 mm: commit 1\n {4}The bug was not seen\.\n {4}output:4: test 1: ok\n/)
  assert.match(text, /first with the bug: 333333333333 mm: commit 3\n {4}The bug was seen/)
  assert.match(text, /222222222222 +does not build/)
  assert.match(text, /skipped 222222222222 mm: commit 2: does not build: mm\/gup\.c:1: error: \| stop/)
  assert.match(text, /3 steps between ends with 5 commits in \/src\/linux: 1 skipped/)
})

test('commits that hide the answer are all named', () => {
  const text = renderBisection(reportBisection(ended()), plain)
  assert.match(text, /^One of 2 commits introduced the bug of mm-case/)
  assert.match(text, /commit 2{40}/)
  assert.match(text, /commit 3{40}/)
})

test('no text of a commit is markup in Markdown, nor does it end a fence', () => {
  const report = found()
  const nasty = '# [x](y) | ``` <b>\n```'
  const steps = report.steps.map((one) => ({ ...one, subject: nasty, summary: nasty }))
  const text = renderBisectionMarkdown({ ...report, steps, before: step('1', { subject: nasty, summary: nasty }) })
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  assert.equal(rows.length, 2 + steps.length)
  assert.deepEqual(new Set(rows.map((row) => row.replaceAll('\\|', '').split('|').length)), new Set([10]))
  assert.ok(!text.includes('[x](y)') || text.includes('    # [x](y)'), 'only inside a fence')
  assert.equal(text.split('\n').filter((line) => line === '```').length % 2, 0)
})

test('the page shows commit, both sides and steps, needs nothing else, and takes no markup of a commit', async () => {
  const assets = await readAssets(BISECTION_ASSETS)
  const trials = { trials: 40, hits: 0 }
  const race = found(2e-7)
  const page = renderBisectionHtml({ ...race, steps: race.steps.map((one) => ({ ...one, trials })) }, assets)
  assert.match(page, /<h1>333333333333 \(mm: commit 3\) introduced the bug of mm-case/)
  assert.match(page, /last without the bug: <span class="tone good">111111111111 mm: commit 1</)
  assert.match(page, /<code>222222222222<\/code><\/th><td><span class="tone unsure">does not build<\/span> mm\/gup\.c:1: error/)
  assert.match(page, /<td>0 of 40<\/td><td>0.00002 %<\/td>/)
  assert.ok(!renderBisectionHtml(race, assets).includes('error probability</th>'), 'of a race alone')
  assert.match(page, /Content-Security-Policy" content="default-src &#x27;none&#x27;; script-src &#x27;sha256-/)
  const steps = found().steps.map((one) => ({ ...one, subject: '<script>alert(1)</script>', summary: '</pre><b>' }))
  const evil = renderBisectionHtml({ ...found(), steps, log: '</pre><script>' }, assets)
  assert.ok(evil.includes('&lt;script&gt;alert(1)') && !evil.includes('<script') && !evil.includes('<b>'))
})

test('JSON is the whole report', () => {
  assert.deepEqual(JSON.parse(renderBisectionJson(found())), found())
})

test('a script drives real git by what kwitness says of each commit, in a repository of its own', async (t) => {
  const folder = await temporaryFolder(t)
  const tree = join(folder, "it's a tree")
  const git = (...args: string[]) =>
    runCommand('git', ['-C', tree, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args])
  await runCommand('git', ['init', '--quiet', tree])
  const commits: string[] = []
  for (let number = 0; number <= 8; number += 1) {
    await writeFile(join(tree, 'file'), String(number))
    await git('add', 'file')
    await git('commit', '--quiet', '-m', `commit ${number}`)
    commits.push((await git('rev-parse', 'HEAD')).stdout)
  }
  await mkdir(join(folder, 'cases', 'mm-case'), { recursive: true })
  await writeFile(join(folder, 'cases', 'mm-case', 'case.json'), 'the case\n')
  const { stdout: archive } = await runCommand('sh', ['-c', 'tar -cz -C "$0" mm-case | base64 -w 0', join(folder, 'cases')])
  // In place of kwitness: looks whether the case is there, and answers by the number in the file of the commit.
  const fake = join(folder, 'fake')
  await writeFile(
    fake,
    `#!/bin/sh
echo "$*" >>"${folder}/asked"
while [ $# -gt 0 ]; do
	case $1 in --tree) tree=$2 ;; --rev) rev=$2 ;; --find) find=$2 ;; --catalogue) cases=$2 ;; esac
	shift
done
grep -q 'the case' "$cases/mm-case/case.json" || exit 130
number=$(git -C "$tree" show "\${rev:-BISECT_HEAD}:file")
[ "$number" != 4 ] || exit 125
shows=0
[ "$number" -lt 3 ] || shows=1
[ "\${find:-bug}" = bug ] || shows=$((1 - shows))
exit $shows
`,
    { mode: 0o755 },
  )
  const { request } = ended()
  const ends = { old: { name: 'a', commit: commits[0] ?? '' }, new: { name: 'b', commit: commits[8] ?? '' } }
  const script = join(folder, 'script')
  await writeFile(script, renderBisectScript({ ...request, ...ends, tree }, archive, 'git bisect start'), { mode: 0o755 })
  const { stdout } = await runCommand(script, [], { env: { KWITNESS: fake } })
  assert.match(stdout, new RegExp(`^# first new commit: \\[${commits[3]}\\]`, 'm'))
  assert.match(await readFile(join(folder, 'asked'), 'utf8'), /--find bug --cases mm-case --max-miss-probability 0\.000001/)
  assert.equal((await git('status', '--porcelain')).stdout, '')
  await runCommand('sh', ['-n', script])
})
