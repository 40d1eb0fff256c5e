/** Equal payloads of several attempts are written once. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPayloads, PAYLOAD_MIB, type PayloadContent } from '#harness/image/payload.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('equal contents are one file, other arguments or modules another', async (t) => {
  const folder = await temporaryFolder(t)
  const [program, into] = [join(folder, 'program'), join(folder, 'into')]
  await mkdir(into)
  await writeFile(program, 'a program')
  const payloads = createPayloads(into)
  const content: PayloadContent = { program, args: ['one'], modules: [], externalModules: [] }
  const missing = [{ name: 'fuse', missing: 'not listed' }]
  const asked = [content, { ...content }, { ...content, args: ['two'] }, { ...content, externalModules: missing }, content]
  const files = await Promise.all(asked.map((one) => payloads(one)))
  assert.deepEqual(
    files.map((file) => files.indexOf(file)),
    [0, 0, 2, 3, 0],
  )
  assert.equal((await readdir(into)).length, 3)
  assert.match(await readFile(files[2] ?? '', 'latin1'), /a program[^]*two\0/)
})

test('a payload that could not be written is written again', async (t) => {
  const folder = await temporaryFolder(t)
  const program = join(folder, 'program')
  const payloads = createPayloads(folder)
  const content: PayloadContent = { program, args: [], modules: [], externalModules: [] }
  await assert.rejects(payloads(content), { code: 'ENOENT' })
  await writeFile(program, 'a program')
  await rm(await payloads(content))
})

test('a payload is as large as the memory of a guest for it, mostly a hole; a larger one is refused', async (t) => {
  const folder = await temporaryFolder(t)
  const program = join(folder, 'program')
  await writeFile(program, 'a program')
  const payloads = createPayloads(folder)
  const content: PayloadContent = { program, args: [], modules: [], externalModules: [] }
  const { size, blocks } = await stat(await payloads(content))
  assert.equal(size, PAYLOAD_MIB << 20)
  assert.ok(blocks * 512 < 1 << 20, `${blocks} blocks`)
  await truncate(program, PAYLOAD_MIB << 20)
  const message = `${program} and its modules are 64.0 MiB, and a guest has room for 64 MiB`
  await assert.rejects(payloads({ ...content, args: ['again'] }), { name: 'UserError', message })
})
