/** A night that fails sends word of it to real receivers: once for each reason, also where the disk is full. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseConfig } from '#cli/nightly/config.ts'
import { tellingFailure } from '#cli/nightly/failure.ts'
import { newNight } from '#cli/nightly/night.ts'
import { placesOf, writeState } from '#cli/nightly/state.ts'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'
import { renderNoticeText } from '#render/notice/text.ts'
import { noticeSchema } from '#schema/report/notice.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { notice } from '#test/helpers/reports/notice.ts'

/** A configuration whose only target appends what it gets to a file, and what the file has by now. */
async function receiver(t: TestContext, { when = 'changes', exit = 0 } = {}) {
  const folder = await temporaryFolder(t)
  const told = join(folder, 'told')
  await writeFile(told, '')
  const script = `tr -d '\\n' >> '${told}'; echo >> '${told}'; exit ${exit}`
  const to = [{ kind: 'command', command: ['sh', '-c', script] }]
  const config = parseConfig(JSON.stringify({ notify: { when, tries: 2, backoffSeconds: 0, to } }), 'x')
  const got = async () =>
    (await readFile(told, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => noticeSchema.parse(JSON.parse(line)))
  return { config, got, places: placesOf(join(folder, 'state'), config.name) }
}

test('each kind of failure is told with its reason, thrown again, and told once', async (t) => {
  const { config, got, places } = await receiver(t)
  const failing = [
    [() => new InfraError('the mirror is gone (process 12)', 'check the network'), /^the mirror is gone .*\ncheck the network$/],
    [() => new UserError('no kernel matches x'), /^no kernel matches x$/],
    [() => new InvariantError('cannot happen'), /^kwitness made a mistake, which says nothing about the kernels: cannot happen$/],
    [
      () => Object.assign(new Error('x'), { code: 'ENOSPC', path: '/a' }),
      /^the night cannot go on: ENOSPC \(\/a\)\nfree some space/,
    ],
    [() => new Error('a fault of a library'), /a fault of a library/],
  ] as const
  for (const [at, [thrown, said]] of failing.entries()) {
    for (let night = 0; night < 2; night += 1) {
      const error = thrown()
      await assert.rejects(
        tellingFailure(config, places, () => Promise.reject(error)),
        (again) => again === error,
      )
    }
    const notices = await got()
    assert.equal(notices.length, at + 1)
    assert.match(notices.at(-1)?.failure ?? '', said)
  }
  // Another process and another time are the same failure.
  const same = new InfraError('the mirror is gone (process 99)', 'check the network')
  await assert.rejects(tellingFailure(config, places, () => Promise.reject(same)))
  const notices = await got()
  assert.equal(notices.length, failing.length)
  assert.equal(new Set(notices.map(({ key }) => key)).size, failing.length)
  assert.equal(await tellingFailure(config, places, () => Promise.resolve('done')), 'done')
})

test('after a night that came to its end the same failure is told again, with what the failed night had noted', async (t) => {
  const { config, got, places } = await receiver(t)
  const fail = () => assert.rejects(tellingFailure(config, places, () => Promise.reject(new InfraError('gone'))))
  await fail()
  await mkdir(places.folder, { recursive: true })
  await writeState(places, { ...newNight({ places }, ['2026-11-02-1']), problems: ['a kernel was not available'] })
  await fail()
  await fail()
  const [first, second, ...more] = await got()
  assert.deepEqual(more, [])
  assert.notEqual(first?.key, second?.key)
  assert.deepEqual([first?.problems, second?.problems], [[], ['a kernel was not available']])
})

test('what the target refuses stays in the outbox, and does not hide the failure', async (t) => {
  const { config, got, places } = await receiver(t, { exit: 75 })
  for (let night = 1; night <= 2; night += 1) {
    await assert.rejects(
      tellingFailure(config, places, () => Promise.reject(new InfraError('gone'))),
      { message: 'gone' },
    )
    // Two tries each night, of one notice with one key.
    assert.equal((await got()).length, 2 * night)
  }
  assert.equal(new Set((await got()).map(({ key }) => key)).size, 1)
})

test('where no outbox can be written the notice goes out without it, once where a disk takes a note of that', async (t) => {
  const { config, got, places } = await receiver(t)
  await mkdir(join(places.folder, '..'), { recursive: true })
  // A file in place of the folder takes nothing, for root neither.
  await writeFile(places.folder, '')
  const other = await temporaryFolder(t)
  const fail = (why: string, folders = [places.folder, other]) =>
    assert.rejects(tellingFailure(config, places, () => Promise.reject(new InfraError(why)), folders))
  const told = async () => (await got()).map(({ failure }) => failure)
  await fail('no space left')
  await fail('no space left')
  assert.deepEqual(await told(), ['no space left'])
  await fail('another failure')
  assert.deepEqual(await told(), ['no space left', 'another failure'])
  assert.equal((await readdir(other)).length, 1, 'the note of the first failure is gone')
  await rm(places.folder)
  await fail('another failure')
  assert.equal((await told()).length, 2, 'an outbox that can be written again does not send what went out without it')
  await rm(places.folder, { recursive: true })
  await writeFile(places.folder, '')
  await fail('a third one', [places.folder])
  await fail('a third one', [places.folder])
  assert.equal((await told()).length, 4, 'without any note each night sends it')
})

test('the notice says it in its title, and the reason with what to do below', () => {
  const failure = `${'the mirror is gone '.repeat(20)}\ncheck the network`
  const text = renderNoticeText(notice({ failure, run: null, diff: null, problems: ['a problem'] }))
  assert.match(text, /^kwitness nightly: the night failed: the mirror is gone .{1,110}…\n/)
  const lines = text.split('\n')
  assert.deepEqual([lines[1], lines[2]], ['', 'The night failed'])
  assert.match(lines[3] ?? '', /^ {2}the mirror is gone .*gone$/)
  const below = ['  check the network', '', 'Problems', '  a problem', '', 'no result of this night; the next one goes on', '']
  assert.deepEqual(lines.slice(4), below)
})
