/** The C side: every case builds, the template is a valid case, and the reader understands what ktap.h prints. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { REPOSITORY } from '#harness/support/repository.ts'
import { buildProgram } from '#harness/image/program.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { readCase, readCatalogue } from '#run/prepare/catalogue.ts'
import { readOpenStep } from '#verdict/attempt/step.ts'
import { runProgram, type ProgramOutput } from './run-program.ts'

const CASES = join(REPOSITORY, 'c-tests')
const INCLUDES = [join(CASES, 'include')]
const TEMPLATE = join(CASES, '_template')
/** Programs are named by their sources, flags and compiler: what was built without a warning before is not built again. */
const { cache } = findWorkspace()

const ktapModes = buildProgram(cache, [join(import.meta.dirname, 'ktap_modes.c')], INCLUDES)

async function runMode(mode: string): Promise<ProgramOutput> {
  return runProgram((await ktapModes).path, [mode])
}

for (const { id, folder } of [
  ...(await readCatalogue(CASES)),
  ...(await readCatalogue(join(REPOSITORY, 'test', 'e2e', 'hostile'))),
]) {
  test(`${id} builds without a warning`, async () => {
    const { path } = await buildProgram(cache, [join(folder, 'repro.c')], INCLUDES)
    assert.equal((await readFile(path)).toString('latin1', 1, 4), 'ELF')
  })
}

test('the template is a case that builds, runs and is clean, with its placeholders marked', async () => {
  const theCase = await readCase(TEMPLATE, '_template')
  const { path } = await buildProgram(cache, [join(TEMPLATE, 'repro.c')], INCLUDES)
  const { exitCode, stream } = await runProgram(path, [])
  assert.match(theCase.title, /PLACEHOLDER/)
  assert.match(await readFile(join(TEMPLATE, 'repro.c'), 'utf8'), /PLACEHOLDER/)
  assert.equal(exitCode, 0)
  assert.deepEqual(stream.problems, [])
  assert.deepEqual(
    stream.documents.map(({ points }) => points.map(({ status }) => status)),
    [['pass']],
  )
})

test('the reader gets results, skips and diagnostics as they were printed', async () => {
  const { exitCode, stream } = await runMode('clean')
  const [document] = stream.documents
  assert.equal(exitCode, 0)
  assert.deepEqual(stream.problems, [])
  assert.equal(document?.planned, 2)
  assert.deepEqual(
    document?.points.map(({ name, status, reason }) => [name, status, reason]),
    [
      ['first', 'pass', ''],
      ['second', 'skip', 'UFFDIO_MOVE: EINVAL'],
    ],
  )
  assert.deepEqual(document?.points[0]?.diagnostics, ['first line', 'second line', 'kwitness: trials=400 hits=0'])
})

test('a reproduced bug is `not ok` and exit status 1', async () => {
  const { exitCode, stream } = await runMode('seen')
  assert.equal(exitCode, 1)
  assert.deepEqual(
    stream.documents[0]?.points.map(({ status }) => status),
    ['fail', 'skip'],
  )
})

test('a program that skips as a whole prints the reason and exits with 4', async () => {
  const { exitCode, stream } = await runMode('skip-all')
  assert.equal(exitCode, 4)
  assert.deepEqual(stream.problems, [])
  assert.equal(stream.documents[0]?.skipAll, 'needs 2 moons')
})

test('a failed step bails out with the line, the step and the errno, and exits with 99', async () => {
  const { exitCode, stream } = await runMode('broken')
  assert.equal(exitCode, 99)
  assert.match(stream.documents[0]?.bailOut ?? '', /^line \d+: closing -1 failed: EBADF$/)
})

test('a failed step before ktap_start() bails out in the same way', async () => {
  const { exitCode, stream } = await runMode('early')
  assert.equal(exitCode, 99)
  assert.match(stream.documents[0]?.bailOut ?? '', /closing nothing failed: EBADF/)
})

test('a program that reports fewer results than planned bails out', async () => {
  const { exitCode, stream } = await runMode('short')
  assert.equal(exitCode, 99)
  assert.equal(stream.documents[0]?.bailOut, '2 tests planned, 1 reported')
})

test('a stream without its last line is reported as cut', async () => {
  const { stream } = await runMode('cut')
  assert.deepEqual(
    stream.problems.map(({ kind }) => kind),
    ['cut-stream'],
  )
  assert.deepEqual(
    stream.documents[0]?.points.map(({ status }) => status),
    ['pass', 'not-reported'],
  )
})

test('a step is open between its two lines', async () => {
  const stuck = await runMode('stuck')
  const open = readOpenStep(stuck.stream)
  assert.equal(open?.name, 'first-step')
  assert.ok(open.afterSeconds >= 0 && open.afterSeconds < 60, `${open.afterSeconds} s old`)
  const through = await runMode('step')
  assert.equal(through.exitCode, 0)
  assert.deepEqual(through.stream.problems, [])
  assert.equal(readOpenStep(through.stream), null)
})
