/** The transport of this machine keeps the contract. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { createLocalTransport } from '#harness/transport/command/local.ts'
import { testTransport } from '#test/conformance/transport.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transport-'))
})
after(() => rm(folder, { recursive: true, force: true }))

testTransport({
  name: 'local',
  open: async () => createLocalTransport(),
  begunSeconds: 0.5,
  kill: async (pid, signal) => process.kill(pid, `SIG${signal}`),
  folder: () => folder,
})
