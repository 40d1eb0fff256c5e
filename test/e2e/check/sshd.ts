/** Real sshds on loopback, each in name spaces of its own, so that a test decides what its disks and shells are like. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** An sshd, and the folder that its package is unpacked in; null for one that is installed. */
interface Sshd {
  readonly program: string
  readonly root: string | null
  /** Whether it locks addresses out (PerSourcePenalties, OpenSSH 9.8). */
  readonly hasPenalties: boolean
}

/** The sshd of this machine, else one of the package, unpacked into the cache of tests; null where neither is available. */
async function findSshd(): Promise<Sshd | null> {
  if (await exists('/usr/sbin/sshd')) return { ...(await describe('/usr/sbin/sshd')), root: null }
  const folder = join(findWorkspace().cache, 'test-sshd')
  const root = join(folder, 'root')
  const program = join(root, 'usr/sbin/sshd')
  if (!(await exists(program)) && !(await unpackSshd(folder))) return null
  return { ...(await describe(program)), root }
}

/** Fetch the packages and unpack them as `root` of the folder; false where the mirror does not have them. */
async function unpackSshd(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  // Test files ask for it at the same time.
  const own = await mkdtemp(join(folder, 'new-'))
  for (const name of ['openssh-server', 'openssh-sftp-server', 'libwrap0', 'libwtmpdb0']) {
    const { exitCode } = await runCommand('apt-get', ['download', name], { cwd: own, anyExit: true })
    // The last one belongs to newer suites.
    if (exitCode !== 0 && name !== 'libwtmpdb0') return false
  }
  for (const name of (await readdir(own)).filter((one) => one.endsWith('.deb'))) {
    await runCommand('dpkg-deb', ['-x', join(own, name), join(own, 'root')])
  }
  await rename(join(own, 'root'), join(folder, 'root')).catch(() => undefined)
  await rm(own, { recursive: true, force: true })
  return exists(join(folder, 'root'))
}

async function describe(program: string): Promise<Pick<Sshd, 'program' | 'hasPenalties'>> {
  return { program, hasPenalties: (await readFile(program)).includes('persourcepenalties') }
}

export const SSHD = process.getuid?.() === 0 ? await findSshd() : null

/** For a server that is asked by many whom it does not let in. */
export const WITHOUT_PENALTIES = SSHD?.hasPenalties ? ['PerSourcePenalties no'] : []

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

/** Whether a server answers there. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true))
      for (const name of ['error', 'close'] as const) socket.once(name, () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}

/** Seconds until a server must have answered. */
const START_SECONDS = 30

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
  // Where the server sees its own folder, whatever hides the rest.
  const inside = '/run/own'
  const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').filter((line) => !/^(?:root|sshd):/.test(line))
  const users = [`root:x:0:0:root:${inside}/home:/bin/bash`, 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin', ...passwd]
  await writeFile(join(own, 'passwd'), users.join('\n'))
  const config = [
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${inside}/host`,
    `AuthorizedKeysFile ${inside}/authorized`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    // Of this one the last counts.
    ...(options.config?.some((line) => line.startsWith('MaxStartups')) ? [] : ['MaxStartups 100:30:200']),
    'PermitRootLogin prohibit-password',
  ]
  await writeFile(join(own, 'sshd_config'), `${config.join('\n')}\n`)
  const { program, root } = SSHD
  const script = [
    `mount --bind '${join(own, 'passwd')}' /etc/passwd`,
    'mount -t tmpfs run /run && mkdir /run/sshd /run/own /run/root /run/openssh /run/tmp',
    `mount --bind '${own}' /run/own`,
    ...(root === null
      ? []
      : [
          `mount --bind '${root}' /run/root`,
          // Since 9.8 the program starts others by their path.
          'cp -a /usr/lib/openssh/. /run/root/usr/lib/openssh/. /run/openssh/ && mount --bind /run/openssh /usr/lib/openssh',
          "export LD_LIBRARY_PATH='/run/root/usr/lib/x86_64-linux-gnu'",
        ]),
    'mount --bind /run/tmp /tmp && chmod 1777 /tmp',
    `HOME_FOLDER='${inside}/home'`,
    options.setup ?? ':',
    `exec '${root === null ? program : program.replace(root, '/run/root')}' -D -e -f ${inside}/sshd_config`,
  ]
  // Everything in the process name space dies with it.
  const args = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', `set -e\n${script.join('\n')}`]
  const child: ChildProcess = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  const deadline = performance.now() + START_SECONDS * 1000
  while (!(await answers(port))) {
    if (child.exitCode === null && performance.now() < deadline) continue
    child.kill('SIGKILL')
    throw new Error(`sshd did not start: ${said}`)
  }
  const { stdout: pid } = await runCommand('ps', ['-o', 'pid=', '--ppid', String(child.pid)])
  return {
    port,
    hostKey,
    inside: async (line) => {
      const { stdout } = await runCommand('nsenter', ['-t', pid.trim(), '-m', '-p', '-r', 'sh', '-c', line], { anyExit: true })
      return stdout
    },
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
