/** The configuration of a nightly run: defaults, errors that name the line or the field, and the files for who starts it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parseConfig, TEMPLATE } from '#cli/nightly/config.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'

test('the configuration that --init writes is the defaults, and its examples are valid', () => {
  assert.deepEqual(parseConfig(TEMPLATE, 'x'), parseConfig('', 'x'))
  assert.deepEqual(parseConfig(TEMPLATE, 'x').notify, { when: 'changes', tries: 5, backoffSeconds: 2, to: [] })
  // Each example in place of the setting above it.
  const lines = TEMPLATE.split('\n').filter((line) => !/^(?:site: null|retention: \{\}| {2}to: \[\])$/.test(line))
  const examples = lines.map((line) => line.replace(EXAMPLE, '$1'))
  const { site, notify, retention, gitTree, raceSeconds } = parseConfig(examples.join('\n'), 'x')
  assert.deepEqual(
    notify.to.map(({ kind, name }) => `${kind} ${name}`),
    ['mail mail', 'webhook webhook', 'matrix matrix', 'command command'],
  )
  assert.equal(site?.nights, 30)
  assert.deepEqual(retention.runs, { olderThan: '90d', keep: 30, maxSize: '50G' })
  assert.deepEqual([gitTree, raceSeconds], ['/srv/linux', 30])
})

const EXAMPLE = /^( *)# (?= {2}|(?:raceSeconds|maxMissProbability|gitTree|site|to|retention):)/

test('a mistake is refused with its line, or its field', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => parseConfig(text, 'a.yaml'), { name: 'UserError', message }, text)
  refused('name: x\nkernels: [a\n', /^a\.yaml:\d+ is not YAML/)
  refused('kernel: [x]', /Unrecognized key: "kernel"/)
  refused('budget: 2', /budget/)
  refused('budget: 2 hours', /give a number and a unit.*\n.*budget/)
  refused('kernels: []', /kernels/)
  refused('name: a/../b', /give letters, digits/)
  refused('sample: 5', /sample/)
  refused('notify: { to: [{ kind: mail, from: a@b, to: ["x@y\\nBcc: z@z"] }] }', /give a mail address/)
  refused('notify: { to: [{ kind: fax }] }', /notify\.to\[0\]/)
  refused('notify: { to: [{ kind: webhook, url: x }, { kind: webhook, url: y }] }', /two targets have the same name/)
  refused('- a list', /is not a configuration/)
  refused('a: &a [x]\nb: [*a, *a]', /holds an alias/)
})

test('systemd takes the service and the timer', async (t) => {
  const files = ['kwitness-nightly.service', 'kwitness-nightly.timer'].map((name) => inRepository('docs', 'ci', name))
  const found = await runCommand('systemd-analyze', ['verify', ...files], { anyExit: true }).catch(() => null)
  if (found === null) return t.skip('systemd-analyze is not installed')
  const problems = found.stderr
    .split('\n')
    .filter((line) => line !== '' && !/\/opt\/kwitness\/kwitness is not executable/.test(line))
  assert.deepEqual(problems, [])
})

test('the jobs for GitHub and GitLab are YAML that starts a night with a configuration that is valid', async () => {
  const read = async (name: string) => parse(await readFile(inRepository('docs', 'ci', name), 'utf8'))
  const [github, gitlab] = [await read('github-actions.yml'), await read('gitlab-ci.yml')]
  const steps = github.jobs.nightly.steps.map((step: { run?: string }) => step.run ?? '').join('\n')
  for (const script of [steps, gitlab.kwitness.script.join('\n')])
    assert.match(script, /kwitness nightly --config docs\/ci\/nightly\.yaml/)
  const config = await readFile(inRepository('docs', 'ci', 'nightly.yaml'), 'utf8')
  assert.equal(parseConfig(config, 'nightly.yaml').name, 'ci')
})
