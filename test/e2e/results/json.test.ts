/** What commands write with --json, held against the schemas in reports/schemas by a validator that is not ours. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernels, kernelWords, newPlace, runCli } from '#test/helpers/cli.ts'

const SCHEMAS = inRepository('reports', 'schemas')

/** Throws what is wrong with data by a published schema. */
async function checkAgainst(name: string, data: unknown): Promise<void> {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const validate = ajv.compile(JSON.parse(await readFile(join(SCHEMAS, `${name}.schema.json`), 'utf8')) as object)
  assert.ok(validate(data), `${name}: ${ajv.errorsText(validate.errors).slice(0, 1000)}`)
}

test('each command writes what its schema says', async (t) => {
  const place = await newPlace()
  t.after(place.remove)
  const { v61 } = await fetchKernels()
  const log = join(place.folder, 'log')
  await writeFile(log, 'KTAP version 1\n1..1\nok 1 a test\n')
  const words = [...kernelWords(v61), '--cases', 'prctl-auxv-tail,uffd-eagain-output']
  const run = ['run', ...words, '--json', '--out', place.out]
  const commands: readonly (readonly [schema: string, words: readonly string[]])[] = [
    ['kwitness.report.2', run],
    ['kwitness.report.2', [...run, '--baseline', 'latest']],
    ['kwitness.report.2', ['report', '--json', '--with-logs']],
    ['kwitness.bcd.1', ['report', '--format', 'bcd']],
    ['kwitness.diff.1', ['diff', '--json']],
    ['kwitness.gaps.1', ['gaps', '--series', '6.1.y', '--json']],
    ['kwitness.runs.1', ['runs', '--json']],
    ['kwitness.runs-rm.1', ['runs', 'rm', '--keep', '1', '--dry-run', '--json']],
    ['kwitness.kernels.1', ['kernels', 'list', 'default', '--json']],
    ['kwitness.kernels-pull.1', ['kernels', 'pull', v61, '--json']],
    ['kwitness.cases.1', ['cases', 'list', '--json']],
    ['kwitness.cases.1', ['cases', 'show', 'prctl-auxv-tail', 'gup-fast-vs-fork', '--json']],
    ['kwitness.cache.1', ['cache', '--json']],
    ['kwitness.cache-prune.1', ['cache', 'prune', '--older-than', '9999d', '--dry-run', '--json']],
    ['kwitness.log.1', ['read', log, '--json']],
  ]
  for (const [schema, args] of commands) {
    const { code, stdout, stderr } = await runCli(place, args)
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    const data: unknown = await Promise.resolve(stdout)
      .then(JSON.parse)
      .catch(() => assert.fail(`${args.join(' ')} wrote no JSON: ${stdout.slice(0, 200)}`))
    await checkAgainst(schema, data)
  }
  await checkAgainst('kwitness.diff.1', JSON.parse(await readFile(join(place.out, 'diff.json'), 'utf8')))
  const tried = new Set(commands.map(([schema]) => `${schema}.schema.json`))
  const published = (await readdir(SCHEMAS)).filter((name) => name.endsWith('.json'))
  // Receivers of a nightly run read the notice with this schema in their own tests.
  assert.deepEqual(
    published.filter((name) => !tried.has(name)),
    ['kwitness.notice.1.schema.json'],
  )
})
