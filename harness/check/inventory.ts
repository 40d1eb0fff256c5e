/** Machines as people name them: one by one, in a list, in a configuration of ssh, or in an inventory of Ansible. */
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { UserError } from '#domain/errors.ts'
import { ansibleInventorySchema } from '#schema/catalogue/inventory.ts'
import { readJson } from '#schema/read.ts'
import { runCommand } from '../support/process.ts'
import type { SshAddress } from '../transport/command/ssh.ts'

export interface NamedHost {
  /** As it was named. */
  readonly name: string
  readonly address: SshAddress
}

const NAME = /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(\[[^\]]+\]|[^:\s@]+)(?::(\d+))?\/?$/

/**
 * `user@host:port`, `host`, `[::1]:22`, `ssh://host`. Throws UserError for any other text, and for a host that begins with a
 * hyphen, which ssh would take for an option.
 */
export function parseHost(text: string): NamedHost {
  const [, user, bracketed = '', port] = isIP(text) === 6 ? [text, undefined, text, undefined] : (NAME.exec(text) ?? [])
  const host = bracketed.replace(/^\[(.*)\]$/, '$1')
  const number = port === undefined ? undefined : Number(port)
  if (
    host === '' ||
    host.startsWith('-') ||
    user?.startsWith('-') === true ||
    (number !== undefined && (number < 1 || number > 65_535))
  ) {
    throw new UserError(`${JSON.stringify(text)} is not the name of a machine`, 'name it as in admin@db1:2222')
  }
  return { name: text, address: { host, user, port: number } }
}

/** Names of `Host` lines of a configuration of ssh that are no patterns. */
function hostsOfConfig(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, names] = /^\s*Host(?:\s+|\s*=\s*)(.*)$/i.exec(line) ?? []
    return (names ?? '').split(/\s+/).filter((name) => name !== '' && !/[*?!"]/.test(name))
  })
}

const isConfig = (text: string): boolean => /^\s*(?:Host|Match)(?:\s+|\s*=\s*)\S/im.test(text)
const isAnsible = (text: string): boolean =>
  /^\s*\[[^\]]+\]\s*$|^\s*(?:all|hosts|[\w-]+):\s*(?:#.*)?$|\bansible_\w+\s*[=:]/m.test(text)

/** The machines of an Ansible inventory, as Ansible itself reads it. */
async function hostsOfAnsible(path: string): Promise<NamedHost[]> {
  const { stdout } = await runCommand('ansible-inventory', ['-i', path, '--list'], { timeoutMs: 60_000 }).catch(
    (error: Error) => {
      throw new UserError(
        `${path} looks like an inventory of Ansible, which cannot be read: ${error.message}`,
        'apt install ansible-core',
      )
    },
  )
  const inventory = readJson(ansibleInventorySchema, stdout)
  if (inventory === null) throw new UserError(`what ansible-inventory says of ${path} cannot be read`)
  return Object.entries(inventory).map(([name, vars]) => {
    const host = vars.ansible_host ?? vars.ansible_ssh_host ?? name
    const user = vars.ansible_user ?? vars.ansible_ssh_user
    const port = vars.ansible_port ?? vars.ansible_ssh_port
    const { address } = parseHost(String(host))
    const own = { ...(user === undefined ? {} : { user: String(user) }), ...(port === undefined ? {} : { port: Number(port) }) }
    return { name, address: { ...address, ...own } }
  })
}

/**
 * The machines that a file names. A list has one on each line; `#` begins a comment. Throws UserError for a file that cannot be
 * read, names none, or holds what is not a name.
 */
export async function readInventory(path: string): Promise<NamedHost[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read: ${error.code}`)
  })
  const lines = text.split(/\r?\n/).map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
  const hosts = isConfig(text)
    ? hostsOfConfig(text).map(parseHost)
    : isAnsible(text)
      ? await hostsOfAnsible(path)
      : lines.filter((line) => line !== '').map(parseHost)
  if (hosts.length === 0) throw new UserError(`${path} names no machine`, 'write one on each line, as in admin@db1:2222')
  return hosts
}
