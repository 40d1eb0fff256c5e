/**
 * What cloud-init of a guest finds on a second disk (NoCloud): the key of kwitness for root, and the host key by which kwitness
 * knows the guest. QEMU makes the disk of a folder.
 */
import { createHash } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isIntact, publishSealed } from '#harness/support/sealed.ts'

/** What cloud-init is given. */
export interface SeedKeys {
  /** Of the host, private and in OpenSSH's form, and public. */
  readonly host: { readonly private: string; readonly public: string }
  /** Public, the only one that comes in. */
  readonly authorized: string
}

const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, '    ')

/** The disk stays as large as it is, and no package is fetched: a guest reaches nothing. */
function userData({ host, authorized }: SeedKeys): string {
  return [
    '#cloud-config',
    'disable_root: false',
    'ssh_pwauth: false',
    'ssh_deletekeys: true',
    'ssh_keys:',
    '  ed25519_private: |',
    indented(host.private),
    `  ed25519_public: ${JSON.stringify(host.public)}`,
    'users:',
    '  - name: root',
    '    lock_passwd: true',
    `    ssh_authorized_keys: [${JSON.stringify(authorized)}]`,
    'growpart: { mode: "off" }',
    'resize_rootfs: false',
    'package_update: false',
    'package_upgrade: false',
    '',
  ].join('\n')
}

/** The folder of the disk, from the cache or made anew. Throws InfraError for a disk that takes nothing. */
export async function writeSeed(cache: string, keys: SeedKeys): Promise<string> {
  const files = { 'meta-data': 'instance-id: kwitness\nlocal-hostname: kwitness\n', 'user-data': userData(keys) }
  const name = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 32)
  const entry = join(cache, 'images', `seed-${name}`)
  if (!(await isIntact(entry))) {
    await publishSealed(entry, async (temporary) => {
      // A private key is in it.
      await chmod(temporary, 0o700)
      for (const [file, text] of Object.entries(files)) await writeFile(join(temporary, file), text, { mode: 0o600 })
    })
  }
  return entry
}
