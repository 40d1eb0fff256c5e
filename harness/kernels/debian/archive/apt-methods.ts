/**
 * Whether files are there, asked through apt's own transports, so that the proxies, certificates and redirects of the host apply.
 * A request with `Maximum-Size: 1` is answered from the header, without a body.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { runCommand, startProcess } from '#harness/support/process.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { aptOptions, type AptRoot } from './root.ts'
import type { PoolState } from './contract.ts'

const METHOD_TIMEOUT_MS = 60_000
const MAX_REDIRECTS = 3
/** Transports that run in parallel: a mirror may take long to look up a file that is seldom requested. */
const PARALLEL_METHODS = 4

/** Ask for these URIs. `folder` takes the body of a file for which the mirror gives no length. */
export async function askByMethods(
  root: AptRoot,
  uris: readonly string[],
  folder: string,
  context: KernelContext,
): Promise<Map<string, PoolState>> {
  const { stdout: dump } = await runCommand('apt-config', ['-c', root.config, 'dump'], aptOptions(context))
  const methods = /^Dir::Bin::methods "(.*)";$/m.exec(dump)?.[1] || '/usr/lib/apt/methods'
  const settings = [...dump.matchAll(/^((?:Acquire|APT::Sandbox)\S*) "(.+)";$/gm)].map(
    ([, name, value = '']) => `Config-Item: ${name}=${encodeURIComponent(value)}`,
  )
  const states = new Map<string, PoolState>()
  let pending = new Map(uris.map((uri) => [uri, uri]))
  for (let round = 0; round <= MAX_REDIRECTS && pending.size > 0; round += 1) {
    const next = new Map<string, string>()
    for (const [scheme, targets] of Map.groupBy(pending, ([target]) => target.slice(0, target.indexOf(':')))) {
      const batches = Array.from({ length: PARALLEL_METHODS }, (_, batch) =>
        targets.filter((_target, index) => index % PARALLEL_METHODS === batch),
      )
      const dialogues = batches.map((batch, number) => {
        const asked = batch.map(([target]) => target)
        return askMethod(join(methods, scheme), settings, asked, join(folder, `body-${number}`), context)
      })
      const replies = new Map((await Promise.all(dialogues)).flatMap((dialogue) => [...dialogue]))
      for (const [target, first] of targets) {
        const reply = replies.get(target) ?? 'unknown'
        if (typeof reply === 'string') states.set(first, reply)
        else next.set(reply.movedTo, first)
      }
    }
    pending = next
  }
  return states
}

type Reply = PoolState | { readonly movedTo: string }

/** One dialogue in apt's method protocol. A URI without an answer within a minute is not in the result. */
async function askMethod(
  method: string,
  settings: readonly string[],
  uris: readonly string[],
  target: string,
  context: KernelContext,
): Promise<Map<string, Reply>> {
  const replies = new Map<string, Reply>()
  if (uris.length === 0) return replies
  const child = startProcess(method, [], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { LC_ALL: 'C' },
    timeout: context.mirrorTimeoutMs ?? METHOD_TIMEOUT_MS,
    ...(context.signal === undefined ? {} : { cancelSignal: context.signal }),
  })
  if (!child.stdin || !child.stdout) return replies
  child.stdin.on('error', () => {})
  child.stdin.write(`601 Configuration\n${settings.join('\n')}\n\n`)
  for (const uri of uris) child.stdin.write(`600 URI Acquire\nURI: ${uri}\nFilename: ${target}\nMaximum-Size: 1\n\n`)
  let message: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== '') {
      message.push(line)
      continue
    }
    const field = (name: string) => message.find((text) => text.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
    const reply = readReply(message[0] ?? '', field)
    if (reply !== null) replies.set(field('URI'), reply)
    message = []
    if (replies.size === uris.length) child.stdin.end()
  }
  await child
  return replies
}

function readReply(status: string, field: (name: string) => string): Reply | null {
  if (status.startsWith('201 ')) return 'present'
  if (status.startsWith('103 ')) return { movedTo: field('New-URI') }
  if (!status.startsWith('400 ')) return null
  if (field('FailReason') === 'MaximumSizeExceeded') return 'present'
  return /HttpError(?:404|410)/.test(field('FailReason')) || field('Message').startsWith('File not found') ? 'gone' : 'unknown'
}
