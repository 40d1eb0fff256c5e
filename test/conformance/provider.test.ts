/** The providers held to their contract: Debian by an archive of our own, files by a made one. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fakeBzImage, fakeVmlinux, packPayload, temporaryFolder } from '../helpers/kernel-images.ts'
import { NEEDS_ARCHIVE } from '#test/helpers/kernels/archive-caches.ts'
import { OLD, serveRepository } from '#test/helpers/kernels/debian-archive.ts'
import { providerConformance } from './provider.ts'

providerConformance({
  name: 'debian, from an archive of our own',
  skip: NEEDS_ARCHIVE.skip ?? false,
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
