/** The providers held to their contract: Debian by an archive of our own, files by a made one. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
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
