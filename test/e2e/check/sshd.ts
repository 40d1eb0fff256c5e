/** Real sshds on loopback, each in name spaces of its own, so that a test decides what its disks and shells are like. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The sshd of this machine, else one of the package, unpacked into the cache of tests; null where neither is available. */
async function findSshd(): Promise<{ readonly program: string; readonly libraries: string } | null> {
  if (await exists('/usr/sbin/sshd')) return { program: '/usr/sbin/sshd', libraries: '' }
  const folder = join(findWorkspace().cache, 'test-sshd')
  const root = join(folder, 'root')
  const program = join(root, 'usr/sbin/sshd')
  if (!(await exists(program))) {
    await mkdir(folder, { recursive: true })
    const names = ['openssh-server', 'openssh-sftp-server', 'libwrap0']
    const { exitCode } = await runCommand('apt-get', ['download', ...names], { cwd: folder, anyExit: true })
    if (exitCode !== 0) return null
    for (const name of (await readdir(folder)).filter((one) => one.endsWith('.deb'))) {
      await runCommand('dpkg-deb', ['-x', join(folder, name), root])
    }
  }
  return { program, libraries: join(root, 'usr/lib/x86_64-linux-gnu') }
}

export const SSHD = process.getuid?.() === 0 ? await findSshd() : null

export interface ServerOptions {
  readonly name: string
  /** Lines for sshd_config. */
  readonly config?: readonly string[]
  /** Shell commands before sshd starts, as root in its mount name space; $HOME_FOLDER is the home of its root. */
  readonly setup?: string
  /** `.bashrc` of its root. */
  readonly bashrc?: string
}

export interface Server {
  readonly port: number
  /** Its ed25519 host key, as known_hosts has it: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string
  /** Run a command in its name spaces. */
  readonly inside: (script: string) => Promise<string>
  readonly stop: () => Promise<void>
}

export async function makeKey(path: string, more: readonly string[] = []): Promise<string> {
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path, ...more])
  return (await readFile(`${path}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'data')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Start a server that lets in the user root with `authorized`, a public key. It has an empty /tmp of its own. */
export async function startServer(folder: string, authorized: string, options: ServerOptions): Promise<Server> {
  if (SSHD === null) throw new Error('there is no sshd')
  const own = join(folder, options.name)
  const home = join(own, 'home')
  await mkdir(home, { recursive: true })
  await chmod(own, 0o700)
  const hostKey = await makeKey(join(own, 'host'))
  const port = await freePort()
  await writeFile(join(own, 'authorized'), `${authorized}\n`)
  await writeFile(join(home, '.bashrc'), options.bashrc ?? '')
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').filter((line) => !/^(?:root|sshd):/.test(line))
  const users = [`root:x:0:0:root:${home}:/bin/bash`, 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin', ...passwd]
  await writeFile(join(own, 'passwd'), users.join('\n'))
  const config = [
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(own, 'host')}`,
    `AuthorizedKeysFile ${join(own, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'MaxStartups 100:30:200',
    'PermitRootLogin prohibit-password',
  ]
  await writeFile(join(own, 'sshd_config'), `${config.join('\n')}\n`)
  const script = [
    `mount --bind '${join(own, 'passwd')}' /etc/passwd`,
    'mount -t tmpfs run /run && mkdir /run/sshd',
    'mkdir -p /run/tmp && mount --bind /run/tmp /tmp && chmod 1777 /tmp',
    `HOME_FOLDER='${home}'`,
    options.setup ?? ':',
    `export LD_LIBRARY_PATH='${SSHD.libraries}'`,
    `exec '${SSHD.program}' -D -e -f '${join(own, 'sshd_config')}'`,
  ]
  // Everything in the process name space dies with it.
  const args = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', `set -e\n${script.join('\n')}`]
  const child: ChildProcess = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`sshd did not start: ${said}`)
  }
  const { stdout: pid } = await runCommand('ps', ['-o', 'pid=', '--ppid', String(child.pid)])
  return {
    port,
    hostKey,
    inside: async (line) => {
      const { stdout } = await runCommand('nsenter', ['-t', pid.trim(), '-m', '-p', 'sh', '-c', line], { anyExit: true })
      return stdout
    },
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
