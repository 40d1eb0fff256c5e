/** `kwitness serve`: who may ask, what it answers, and a run that a browser follows while it goes on. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { END_MARKER } from '#console/ktap/reader.ts'
import { checkAccess } from '#cli/serve/guard.ts'
import { serve, type Serving } from '#cli/serve/server.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { PlanOf } from '#plan/plan.ts'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import type { Store } from '#store/ports.ts'
import { CHROMIUM, openChromium, TIMEOUT_MS } from '#test/helpers/browser.ts'
import { newPlace, startCli } from '#test/helpers/cli.ts'
import { attemptIn, host, kernel } from '#test/helpers/evidence.ts'
import { exited, sampleCase } from '#test/helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const TOKEN = 'a token of 32 letters, not guessed'
const place = await newPlace()
const browser = await openChromium()
const kernels: readonly Kernel[] = [1, 2, 3, 4].map((number) => ({
  ...kernel,
  id: `debian-6.1.${number}-1-cloud-amd64`,
  version: `6.1.${number}`,
  build: `6.1.${number}-1`,
}))
const cases = Array.from({ length: 25 }, (_, number) => sampleCase(`case-${number + 10}`, { oracle: 'deterministic' }))
const plan: PlanOf<'matrix'> = { ...planCommon, kind: 'matrix', kernels, cases }
const ids: string[] = []

let store: Store
const stop = new AbortController()

/** Start a server that ends with the test. */
async function started(t: Pick<TestContext, 'after'>, token?: string, state = place.state): Promise<Serving> {
  const own = new AbortController()
  const serving = await serve({
    host: '127.0.0.1',
    port: 0,
    token,
    state,
    signal: own.signal,
    onTrouble: (text) => assert.fail(text),
  })
  t.after(async () => {
    own.abort()
    await serving.ended
  })
  return serving
}

/** Ask as any program may: with any method, path and headers. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Readonly<Record<string, unknown>>; text: string }>((done, failed) => {
    request(url, { headers, method, setHost: headers['host'] === undefined }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
      .on('error', failed)
      .end()
  })
}

/** Record the attempt of a result: odd cases show the bug. */
async function record(run: string, row: number, column: number): Promise<void> {
  const isLacking = column % 2 === 1
  const output = `KTAP version 1\n1..1\n${isLacking ? 'not ok' : 'ok'} 1 event\n${END_MARKER}\n`
  const sample = { kernel: kernels[row]!.id, case: cases[column]!.id, output: Buffer.from(output) }
  const evidence = await attemptIn(place.folder, sample)
  await store.recordAttempt(run, { ...evidence, ending: exited({ code: isLacking ? 1 : 0 }) }, place.folder)
}

before(async () => {
  await mkdir(place.state)
  store = await openStore(place.state)
  for (let count = 0; count < 2; count += 1) {
    const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
    ids.push(id)
    for (let column = 0; column < 2 + count; column += 1) await record(id, 0, column)
    await store.finishRun(id, new Date().toISOString())
  }
})

after(async () => {
  stop.abort()
  store.close()
  await browser?.close()
  await place.remove()
})

test('it shows the stored runs, the page and the JSON of each, and what changed since another', async (t) => {
  const { url } = await started(t)
  const index = await ask(url)
  assert.equal(index.status, 200)
  for (const id of ids) assert.ok(index.text.includes(`href="/runs/${id}/"`), id)
  assert.ok(index.text.includes(`/runs/${ids[1]}/?since=${ids[0]}`.replace('=', '&#x3D;')))
  const page = await ask(`${url}runs/${ids[1]}/`)
  assert.match(page.text, /<tr data-kernel="debian-6\.1\.1-1-cloud-amd64"/)
  assert.doesNotMatch(page.text, /data-events/, 'a finished run is not followed')
  const json = await ask(`${url}runs/${ids[1]}/report.json`)
  assert.equal((JSON.parse(json.text) as { run: { id: string } }).run.id, ids[1])
  assert.match((await ask(`${url}runs/${ids[1]}/?since=${ids[0]}`)).text, new RegExp(`Since run ${ids[0]}`))
  for (const path of ['nothing', 'runs/2020-01-01-1/', 'runs/../../etc/passwd', `runs/${ids[0]}/nothing`, 'runs//', '%00']) {
    assert.equal((await ask(url + path)).status, 404, path)
  }
})

test('it is read-only, and a page of another name cannot read through it', async (t) => {
  const { url } = await started(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    assert.equal((await ask(url, {}, method)).status, 405, method)
  const head = await ask(url, {}, 'HEAD')
  assert.deepEqual([head.status, head.text], [200, ''])
  for (const name of ['evil.example.org', '127.0.0.1.evil.example.org', '10.0.0.1', 'localhost.evil.example.org', '127.1.evil']) {
    assert.equal((await ask(url, { host: name })).status, 421, name)
  }
  for (const name of ['', 'a b', '[']) assert.ok([400, 421].includes((await ask(url, { host: name })).status), name)
  for (const name of ['localhost', 'localhost:8042', '127.0.0.1:1', '[::1]:8042']) {
    assert.equal((await ask(url, { host: name })).status, 200, name)
  }
})

test('with a token nothing is answered without it, and its address is left at once', async (t) => {
  const { url } = await started(t, TOKEN)
  const wrong = [{}, { authorization: 'Bearer ' }, { authorization: `Bearer ${TOKEN}x` }, { authorization: `Basic ${TOKEN}` }]
  for (const headers of [
    ...wrong,
    { cookie: 'kwitness-token=' },
    { cookie: `other-kwitness-token=${encodeURIComponent(TOKEN)}` },
  ]) {
    for (const path of ['', `runs/${ids[0]}/`, `runs/${ids[0]}/report.json`, `runs/${ids[0]}/events`, 'nothing']) {
      const { status, text } = await ask(url + path, headers)
      assert.equal(status, 401, path)
      assert.ok(!text.includes(ids[0]!))
    }
  }
  assert.equal((await ask(`${url}?token=wrong`)).status, 401)
  const entered = await ask(`${url}runs/${ids[0]}/?since=x&token=${encodeURIComponent(TOKEN)}`)
  assert.deepEqual([entered.status, entered.headers['location']], [303, `/runs/${ids[0]}/?since=x`])
  const [cookie = ''] = String(entered.headers['set-cookie']).split(';')
  assert.match(String(entered.headers['set-cookie']), /HttpOnly; SameSite=Strict/)
  assert.equal((await ask(url, { cookie })).status, 200)
  assert.equal((await ask(url, { authorization: `Bearer ${TOKEN}`, host: 'kernels.example.org' })).status, 200)
})

test('an address that others reach is refused without a token, and so is a short one', () => {
  for (const address of ['0.0.0.0', '::', '192.168.1.1', 'example.org', '127.evil.org', '']) {
    assert.throws(() => checkAccess(address, undefined), { name: 'UserError', message: /no token keeps them out/ }, address)
    assert.doesNotThrow(() => checkAccess(address, TOKEN))
  }
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.doesNotThrow(() => checkAccess(address, undefined))
  for (const token of ['', 'short', 'x'.repeat(15)]) assert.throws(() => checkAccess('127.0.0.1', token), { message: /too few/ })
})

test('a store that is empty, and a run that cannot be read, have a page that says so', async (t) => {
  const empty = await started(t, undefined, join(place.folder, 'nothing'))
  assert.match((await ask(empty.url)).text, /No run is stored yet/)
  const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
  await store.finishRun(id, new Date().toISOString())
  const raw = openDatabase(join(place.state, 'store.sqlite'), { readOnly: false })
  raw.run('UPDATE runs SET plan = ? WHERE id = ?', '{"<b>": 1}', id)
  raw.close()
  const { url } = await started(t)
  assert.match((await ask(url)).text, new RegExp(`run ${id} is skipped: the plan of run ${id} is damaged`))
})

test('the command says where it serves, refuses what is not safe, and ends by a signal', async () => {
  const refused = await startCli(place, ['serve', '--listen', '0.0.0.0', '--port', '0']).ended
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /no token keeps them out/)
  const cli = startCli(place, ['serve', '--port', '0'])
  const [, url = ''] = await cli.says(/serving .* at (http:\/\/127\.0\.0\.1:\d+\/)/)
  assert.equal((await ask(url)).status, 200)
  cli.kill('SIGTERM')
  assert.equal((await cli.ended).code, 0)
})

describe('a run under way', { skip: browser === null && `Chromium is not installed at ${CHROMIUM}` }, () => {
  test('a browser follows it: results, counts, filter and panel, until it is over', async (t) => {
    const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
    await record(id, 0, 0)
    const { url } = await started(t)
    const context = await browser!.newContext()
    context.setDefaultTimeout(TIMEOUT_MS)
    t.after(() => context.close())
    const page = await context.newPage()
    const trouble: string[] = []
    page.on('pageerror', (error) => trouble.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()))
    await page.goto(`${url}runs/${id}/#q=verdict%3Alacks`)
    await page.locator('#nothing').waitFor()
    await record(id, 0, 1)
    const cell = page.locator(`tr[data-kernel="${kernels[0]!.id}"] td.lacks`)
    await cell.waitFor()
    assert.equal(await page.locator('[data-count=lacks] span').textContent(), '1')
    await cell.click()
    await page.locator('#panel .attempt', { hasText: 'reproduced' }).waitFor()
    const from = performance.now()
    let made = 2
    for (const [row] of kernels.entries()) {
      for (const [column] of cases.entries()) {
        if (row === 0 && column < 2) continue
        await record(id, row, column)
        made += 1
      }
    }
    const recorded = performance.now()
    await page.locator('#following', { hasText: `${made} of ${made} results` }).waitFor()
    const rate = ((made - 2) * 1000) / (recorded - from)
    const behind = (performance.now() - recorded).toFixed(0)
    t.diagnostic(`${rate.toFixed(0)} results a second; the last was shown ${behind} ms after it was stored`)
    const expected = kernels.length * cases.filter((_, column) => column % 2 === 1).length
    await page.locator('[data-count=lacks] span', { hasText: String(expected) }).waitFor()
    await store.finishRun(id, new Date().toISOString())
    await page.locator('body:not([data-events])').waitFor()
    assert.equal(await page.locator('#query').inputValue(), 'verdict:lacks', 'the address keeps the filter')
    assert.match((await page.locator('#panel-title').textContent()) ?? '', /case-11 on debian-6\.1\.1/)
    assert.deepEqual(trouble, [])
  })
})
