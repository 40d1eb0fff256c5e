/** Notices reach real receivers on this machine, once each, in the shape of each, and no text in them breaks it. */
import assert from 'node:assert/strict'
import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import PostalMime from 'postal-mime'
import { enqueueNotice, sendPending } from '#run/nightly/outbox.ts'
import { nightlyConfigSchema, type NotifyTarget } from '#schema/nightly/config.ts'
import { noticeSchema } from '#schema/report/notice.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'
import { EVIL, notice, regression } from '#test/helpers/reports/notice.ts'

interface Got {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Partial<Record<'key' | 'text' | 'body' | 'formatted_body', string>>
}

/** A web server that answers with these codes in turn, the last one for ever. */
async function receiver(t: TestContext, ...codes: readonly (number | 'hang up')[]) {
  const got: Got[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const code = codes[Math.min(got.length, codes.length - 1)] ?? 200
      const { method = '', url: path = '', headers } = request
      got.push({ method, path, headers, body: JSON.parse(body) })
      if (code === 'hang up') return void request.socket.destroy()
      response.writeHead(code, code === 302 ? { location: '/elsewhere' } : {}).end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const targetsOf = (...to: readonly object[]): readonly NotifyTarget[] => nightlyConfigSchema.parse({ notify: { to } }).notify.to

async function send(t: TestContext, targets: readonly NotifyTarget[], given = notice(), tries = 3) {
  const folder = await temporaryFolder(t)
  const notes: string[] = []
  const options = { tries, backoffMs: 1, note: (text: string) => void notes.push(text) }
  await enqueueNotice(folder, given, targets)
  const sent = await sendPending(folder, targets, options)
  return { ...sent, folder, notes, again: () => sendPending(folder, targets, options) }
}

const EVIL_NOTICE = notice({ diff: regression(EVIL), problems: [EVIL] })

test('a webhook gets the notice as JSON with its key, and each target once', async (t) => {
  const { got, url } = await receiver(t)
  const targets = targetsOf({ kind: 'webhook', url: `${url}/hook`, headers: { 'x-token': 'secret' } })
  const { delivered, folder, again } = await send(t, targets)
  assert.deepEqual(delivered, ['webhook'])
  assert.deepEqual(noticeSchema.parse(got[0]?.body), notice())
  assert.equal(got[0]?.headers['idempotency-key'], '"nightly-2026-11-02-1"')
  assert.equal(got[0]?.headers['x-token'], 'secret')
  // The same night once more, as after a kill before it was noted as done.
  await enqueueNotice(folder, notice(), targets)
  assert.deepEqual((await again()).delivered, [])
  assert.equal(got.length, 1)
})

test('a delivery is tried again, within bounds, and a final refusal is not', async (t) => {
  const flaky = await receiver(t, 503, 'hang up', 200)
  const first = await send(t, targetsOf({ kind: 'webhook', url: flaky.url }))
  assert.deepEqual([first.delivered, flaky.got.length], [['webhook'], 3])
  assert.match(first.notes.join('\n'), /it answered 503; trying again in 1 s \(1 of 3\)\n.*no connection/)
  const broken = await receiver(t, 500)
  const second = await send(t, targetsOf({ kind: 'webhook', url: broken.url }))
  assert.deepEqual([second.delivered, broken.got.length], [[], 3])
  assert.deepEqual(second.problems, ['webhook did not take the notice (tried 3 times): it answered 500'])
  // It stays in the outbox, and goes out when the receiver is well again.
  assert.equal((await readdir(join(second.folder, 'pending'))).length, 1)
  for (const code of [400, 404, 302]) {
    const refusing = await receiver(t, code)
    const { problems } = await send(t, targetsOf({ kind: 'webhook', url: refusing.url }))
    assert.equal(refusing.got.length, 1, `${code}`)
    assert.match(problems[0] ?? '', new RegExp(`tried once\\): it answered ${code}`))
  }
})

test('what a night could not send, the next one sends, in order and with the same key', async (t) => {
  const { got, url } = await receiver(t, 500, 200)
  const targets = targetsOf({ kind: 'webhook', url })
  const { folder, again } = await send(t, targets, notice(), 1)
  await enqueueNotice(folder, notice({ key: 'nightly-2026-11-03-1' }), targets)
  assert.deepEqual((await again()).delivered, ['webhook', 'webhook'])
  assert.deepEqual(
    got.map(({ body }) => body.key),
    ['nightly-2026-11-02-1', 'nightly-2026-11-02-1', 'nightly-2026-11-03-1'],
  )
  // Killed after the receiver took it: it comes again, and its key says so.
  await rename(
    join(folder, 'sent', 'nightly-2026-11-03-1.webhook.json'),
    join(folder, 'pending', 'nightly-2026-11-03-1.webhook.json'),
  )
  await again()
  assert.equal(got.at(-1)?.headers['idempotency-key'], '"nightly-2026-11-03-1"')
})

test('Slack gets text in which nothing from outside is markup', async (t) => {
  const { got, url } = await receiver(t)
  await send(t, targetsOf({ kind: 'webhook', shape: 'slack', url }), EVIL_NOTICE)
  const { text = '' } = got[0]!.body
  assert.match(text, /^\*kwitness nightly: 1 regressed/)
  assert.ok(text.includes('&lt;@U123&gt; &lt;!channel&gt; &amp; '))
  for (const part of ['<', '\u0000', '\u202e']) assert.ok(!text.includes(part))
  // Only lines that are headings hold a star, at both ends.
  for (const line of text.split('\n')) assert.match(line, /^(?:\*[^*]*\*|[^*]*)$/)
})

test('Matrix gets a message by a transaction of the key, with HTML that holds only our own markup', async (t) => {
  const { got, url } = await receiver(t)
  process.env['KWITNESS_TEST_TOKEN'] = 'a-token\n'
  t.after(() => delete process.env['KWITNESS_TEST_TOKEN'])
  await send(
    t,
    targetsOf({ kind: 'matrix', homeserver: url, room: '!a/b:example.org', token: { env: 'KWITNESS_TEST_TOKEN' } }),
    EVIL_NOTICE,
  )
  const { method, path, headers, body } = got[0]!
  const html = body.formatted_body ?? ''
  assert.equal(`${method} ${path}`, 'PUT /_matrix/client/v3/rooms/!a%2Fb%3Aexample.org/send/m.room.message/nightly-2026-11-02-1')
  assert.equal(headers.authorization, 'Bearer a-token')
  assert.deepEqual([...new Set(html.match(/<\/?\w+/g))].toSorted(), [
    '</code',
    '</li',
    '</p',
    '</strong',
    '</ul',
    '<code',
    '<li',
    '<p',
    '<strong',
    '<ul',
  ])
  assert.ok(body.body?.includes('<script>'), 'the plain text is as it is')
})

test('a command gets JSON or text on its standard input, and the key in its environment', async (t) => {
  const folder = await temporaryFolder(t)
  const script = 'cat > "$0"; printf "%s" "$KWITNESS_NOTICE_KEY" > "$0.key"'
  const to = (name: string, input: string) => ({
    kind: 'command',
    name,
    input,
    command: ['sh', '-c', script, join(folder, name)],
  })
  const { delivered } = await send(t, targetsOf(to('one', 'json'), to('two', 'text'), to('three', 'markdown')), EVIL_NOTICE)
  assert.deepEqual(delivered, ['one', 'three', 'two'])
  assert.equal(JSON.parse(await readFile(join(folder, 'one'), 'utf8')).problems[0], EVIL)
  assert.match(await readFile(join(folder, 'two'), 'utf8'), /^kwitness nightly: 1 regressed.*\n\nRegressed \(1\)\n/)
  assert.match(await readFile(join(folder, 'three'), 'utf8'), /### Regressed \(1\)/)
  assert.equal(await readFile(join(folder, 'one.key'), 'utf8'), 'nightly-2026-11-02-1')
})

test('a command that fails is tried again, unless it says that it will always', async (t) => {
  const folder = await temporaryFolder(t)
  const failing = (code: number) =>
    targetsOf({
      kind: 'command',
      command: ['sh', '-c', `echo run >> "$0"; echo "no room" >&2; exit ${code}`, join(folder, `${code}`)],
    })
  for (const [code, runs] of [
    [75, 3],
    [1, 3],
    [64, 1],
    [77, 1],
  ] as const) {
    const { problems } = await send(t, failing(code))
    assert.match(problems[0] ?? '', new RegExp(`exit code ${code}: no room`))
    assert.equal((await readFile(join(folder, `${code}`), 'utf8')).split('\n').length - 1, runs, `exit ${code}`)
  }
  const { problems } = await send(t, targetsOf({ kind: 'command', command: ['/there/is/none'] }), notice(), 1)
  assert.match(problems[0] ?? '', /none/)
})

test('a mail is valid MIME whose headers no text can add to', async (t) => {
  const file = join(await temporaryFolder(t), 'mail')
  const sendmail = ['sh', '-c', 'cat > "$0"', file]
  const to = ['Käthe Ö <kaethe@example.org>', 'team@example.org']
  await send(t, targetsOf({ kind: 'mail', from: 'kwitness <ci@example.org>', to, sendmail }), EVIL_NOTICE)
  const raw = await readFile(file)
  const mail = await PostalMime.parse(raw)
  assert.deepEqual(mail.headers.map(({ key }) => key).toSorted(), [
    'auto-submitted',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ])
  assert.match(mail.subject ?? '', /^kwitness nightly: 1 regressed.*, 1 problem$/)
  assert.equal(mail.messageId, '<nightly-2026-11-02-1@example.org>')
  assert.deepEqual(mail.to, [
    { name: 'Käthe Ö', address: 'kaethe@example.org' },
    { name: '', address: 'team@example.org' },
  ])
  assert.ok(mail.text?.includes('é 日本') && mail.html?.includes('&lt;script&gt;'))
  assert.doesNotMatch(mail.html ?? '', /<script/)
  const text = raw.toString('latin1')
  assert.ok(!text.includes('\r') && text.split('\n').every((line) => line.length <= 998))
})

test('a secret that is missing is named without its value, and a target that is gone is dropped', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'empty'), '\n')
  for (const secret of [{ file: join(folder, 'none') }, { file: join(folder, 'empty') }, { env: 'KWITNESS_NOT_SET' }]) {
    const { problems } = await send(t, targetsOf({ kind: 'webhook', url: secret }))
    assert.match(problems[0] ?? '', /which webhook needs, cannot be read or is empty/)
  }
  const closed = await closedPort()
  const dead = await send(t, targetsOf({ kind: 'webhook', url: `http://127.0.0.1:${closed}/hooks/SECRET` }))
  assert.match(dead.problems[0] ?? '', /no connection: ECONNREFUSED/)
  assert.doesNotMatch(dead.problems.join() + dead.notes.join(), /SECRET/)
  const bad = await send(t, targetsOf({ kind: 'webhook', url: 'SECRET' }))
  assert.match(bad.problems[0] ?? '', /tried once\): its address is not a URL/)
  const dropped = await sendPending(dead.folder, [], { tries: 1, backoffMs: 1, note: () => undefined })
  assert.match(dropped.problems[0] ?? '', /its target is not configured any more/)
})

/** A port that nobody listens on any more. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
