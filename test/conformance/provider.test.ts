/** The providers held to their contract: Debian by an archive of our own and by the real one, files by a made one. */
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { hostMirrors } from '#harness/kernels/debian/apt.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists, findWorkspace } from '#harness/support/workspace.ts'
import { fakeBzImage, fakeVmlinux, packPayload, temporaryFolder } from '../helpers/kernel-images.ts'
import { OLD, serveRepository } from '#test/helpers/kernels/debian-archive.ts'
import { providerConformance } from './provider.ts'

const gpg = await runCommand('gpg', ['--version'], { anyExit: true }).catch(() => null)

providerConformance({
  name: 'debian, from an archive of our own',
  skip: gpg ? false : 'gpg (package gnupg) is not here, so no archive can be signed',
  async given(t) {
    const { mirror, keyring } = await serveRepository(t)
    const cache = await temporaryFolder(t)
    return {
      context: { workspace: { cache, state: cache }, mirror, keyring },
      selector: `debian:${OLD.build}`,
      banner: /Debian 5\.90\.7-1/,
      noHeaders: null,
    }
  },
})

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

providerConformance({
  name: 'file',
  skip: false,
  async given(t) {
    const cache = await temporaryFolder(t)
    const banner = '6.1.5-mine (me@example.org) #1'
    await writeFile(join(cache, 'image'), fakeBzImage(banner, await packPayload(fakeVmlinux(banner), 'gzip')))
    return {
      context: { workspace: { cache, state: cache } },
      selector: `file:${join(cache, 'image')}`,
      banner: /6\.1\.5-mine/,
      noHeaders: /^a kernel image from a file comes with no headers$/,
    }
  },
})

/** What this machine has of the mirror already, into another cache: indexes and packages, and nothing made from them. */
async function copyDownloads(cache: string): Promise<void> {
  const shared = findWorkspace().cache
  for (const [name, how] of [
    ['apt', '-a'],
    // Named by their content, so that nobody writes to them.
    ['debs', '-rl'],
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
