/** A configuration of ssh for machines that are servers on loopback. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A machine: its name, the port of the server behind it, and its host key as it is known, null for one that is not. */
export interface Machine {
  readonly name: string
  readonly port: number
  readonly known: string | null
}

/** Write known_hosts and a configuration by which ssh finds the machines, with the key `key` of the folder. Returns its path. */
export async function writeFleet(folder: string, machines: readonly Machine[], more: readonly string[] = []): Promise<string> {
  const known = join(folder, 'known_hosts')
  const lines = machines.flatMap((machine) => (machine.known === null ? [] : `${machine.name} ${machine.known}\n`))
  await writeFile(known, lines.join(''))
  const hosts = machines.map(({ name, port }) =>
    [`Host ${name}`, '  HostName 127.0.0.1', `  Port ${port}`, `  HostKeyAlias ${name}`].join('\n'),
  )
  const all = [
    'Host *',
    '  User root',
    `  IdentityFile "${join(folder, 'key')}"`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile "${known}"`,
    '  GlobalKnownHostsFile /dev/null',
    ...more.map((line) => `  ${line}`),
  ]
  const config = join(folder, 'ssh_config')
  await writeFile(config, `${[...hosts, ...all].join('\n')}\n`)
  return config
}
