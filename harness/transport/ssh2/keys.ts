/** The keys of guests with an sshd: made once for each cache, one for their hosts and one for kwitness. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isIntact, publishSealed } from '#harness/support/sealed.ts'
import { generateKeys } from './connection.ts'

/** A key: the private half in OpenSSH's form, the public one as in authorized_keys. */
interface KeyPair {
  readonly private: string
  readonly public: string
}

export interface GuestKeys {
  /** By which guests know kwitness. */
  readonly client: KeyPair
  /** By which kwitness knows guests. */
  readonly host: KeyPair
}

const NAMES = ['client', 'host'] as const

/** The keys of this cache, made when they are missing or damaged. Throws InfraError for a disk that takes nothing. */
export async function openGuestKeys(cache: string): Promise<GuestKeys> {
  const entry = join(cache, 'guest-keys', 'ed25519')
  if (!(await isIntact(entry))) {
    await publishSealed(entry, async (temporary) => {
      await chmod(temporary, 0o700)
      for (const name of NAMES) {
        const pair = generateKeys()
        await writeFile(join(temporary, name), pair.private, { mode: 0o600 })
        await writeFile(join(temporary, `${name}.pub`), `${pair.public}\n`, { mode: 0o600 })
      }
    })
  }
  const read = async (name: string): Promise<KeyPair> => ({
    private: await readFile(join(entry, name), 'utf8'),
    public: (await readFile(join(entry, `${name}.pub`), 'utf8')).trim(),
  })
  return { client: await read('client'), host: await read('host') }
}
