import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listKernels, type KernelContext } from '#harness/kernels/index.ts'
import { bytesIn, runFetching } from '#harness/kernels/provider/fetching.ts'
import { runCommand } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

/** A server on the loopback that accepts and then does this with each connection. Returns its host and port. */
async function serve(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A body that would take days: one byte a second, so that no time-out between two of them ever ends it. */
function drip(socket: Socket): void {
  socket.once('data', () => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n')
    const dripping = setInterval(() => socket.write('.'), 1000)
    socket.on('close', () => clearInterval(dripping))
  })
}

test('a mirror that accepts and never answers, and one that drips, are errors after a bounded time', async (t) => {
  for (const answer of [() => undefined, drip]) {
    const host = await serve(t, answer)
    const cache = await temporaryFolder(t)
    const messages: string[] = []
    const context: KernelContext = {
      workspace: { cache, state: cache },
      mirror: `http://${host}/debian`,
      mirrorTimeoutMs: 1500,
      progress: ({ message }) => messages.push(message),
    }
    const message = new RegExp(`${host} accepts connections but sent \\d+ bytes in 2 s`)
    await assert.rejects(listKernels(context, { selector: 'debian:*' }), { name: 'InfraError', message })
    assert.ok(
      messages.some((line) => line.startsWith(`waiting for ${host}, which has sent 0 bytes so far`)),
      messages.join('\n'),
    )
  }
})

test('without apt a mirror that stalls is asked once, not for each suite', async (t) => {
  const curl = await runCommand('curl', ['--version'], { anyExit: true }).catch(() => null)
  if (curl === null) return t.skip('needs curl')
  let asked = 0
  const host = await serve(t, () => void (asked += 1))
  const cache = await temporaryFolder(t)
  const workspace = { cache, state: cache }
  const context = { workspace, mirror: `http://${host}/debian`, mirrorTimeoutMs: 600, readsArchive: 'direct' } as const
  const message = new RegExp(`${host} accepts connections but sent 0 bytes in 1 s`)
  await assert.rejects(listKernels(context, { selector: 'debian:*' }), { name: 'InfraError', message })
  assert.equal(asked, 1)
})

test('so is a package that stops coming; one that comes slowly but steadily is waited for', async (t) => {
  const folder = await temporaryFolder(t)
  const target = join(folder, 'package.deb')
  const download = async (host: string, mirrorTimeoutMs: number) => {
    const context: KernelContext = { workspace: { cache: folder, state: folder }, mirrorTimeoutMs }
    const args = ['-q', 'download-file', `http://${host}/a.deb`, target]
    return runFetching('/usr/lib/apt/apt-helper', args, { from: host, bytes: () => bytesIn(folder) }, context, {})
  }
  const stopping = await serve(t, (socket) =>
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`)),
  )
  await assert.rejects(download(stopping, 1200), {
    name: 'InfraError',
    message: /accepts connections but sent \d+ bytes in 1 s$/,
  })
  const steady = await serve(t, (socket) =>
    socket.once('data', () => {
      let left = 20
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${left * 65_536}\r\nConnection: close\r\n\r\n`)
      const sending = setInterval(() => {
        socket.write(Buffer.alloc(65_536))
        left -= 1
        if (left === 0) clearInterval(sending)
      }, 120)
    }),
  )
  await download(steady, 1200)
  assert.equal(await bytesIn(folder), 20 * 65_536)
})
