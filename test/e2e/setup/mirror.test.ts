/** The provider of Debian's kernels held to its contract by the mirror of this machine. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { hostMirrors } from '#harness/kernels/debian/archive/root.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists, findWorkspace } from '#harness/support/workspace.ts'
import { providerConformance } from '#test/conformance/provider.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

providerConformance({
  name: 'debian, from the mirror of this machine',
  skip: await whyNoMirror(),
  async given(t) {
    const cache = await temporaryFolder(t)
    await copyDownloads(cache)
    return {
      context: { workspace: { cache, state: cache } },
      selector: 'debian:6.1.y:newest',
      banner: /^Linux version 6\.1\.0-.*Debian 6\.1\./,
      noHeaders: null,
    }
  },
})

/** What this machine has of the mirror already, into another cache: indexes and packages, and nothing made from them. */
async function copyDownloads(cache: string): Promise<void> {
  const shared = findWorkspace().cache
  for (const [name, how] of [
    ['apt', '-a'],
    // Named by their content, so that nobody writes to them; the temporary folder may be of another file system.
    ['debs', '-rs'],
  ] as const) {
    if (await exists(join(shared, name))) await runCommand('cp', [how, join(shared, name), cache])
  }
}

/** False when the first http mirror of this machine takes a connection, else the reason to skip. */
async function whyNoMirror(): Promise<false | string> {
  const mirrors = await hostMirrors()
  const url = mirrors.map((mirror) => new URL(mirror)).find(({ protocol }) => protocol === 'http:' || protocol === 'https:')
  if (!url) return 'the apt configuration of this machine names no mirror'
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443))
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port, timeout: 5000 })
    const end = (answer: false | string) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(false))
    socket.on('timeout', () => end('the mirror of this machine does not answer'))
    socket.on('error', ({ message }) => end(`the mirror of this machine cannot be reached: ${message}`))
  })
}
