/**
 * Which listed files the pool no longer has. Asked through apt's own transports, so that its proxies, certificates and
 * redirects hold: a request with `Maximum-Size: 1` is answered from the header alone, with no body fetched.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { runCommand, startProcess } from '#harness/support/process.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import { aptOptions, type AptRoot } from './apt.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'

export type PoolState = 'present' | 'gone' | 'unknown'

const BELIEVED_MS = 24 * 3600 * 1000
const PATIENCE_MS = 60_000
const REDIRECTS = 3
/** Conversations side by side: a mirror may be slow to find a file it seldom gives. */
const LANES = 4

interface Answer {
  readonly gone: boolean
  readonly at: string
}

/** The state of each URI: asked at most once a day. A network error says nothing about a file, so it leaves it `unknown`. */
export async function poolStates(
  root: AptRoot,
  uris: readonly string[],
  context: KernelContext,
): Promise<Map<string, PoolState>> {
  const file = join(root.folder, 'pool.json')
  const known = await readAnswers(file)
  const fresh = (uri: string) => {
    const at = Date.parse(known[uri]?.at ?? '')
    const age = Date.now() - at
    return age >= 0 && age < BELIEVED_MS && at >= (context.freshAfter ?? 0)
  }
  const asked = uris.filter((uri) => !fresh(uri))
  if (asked.length > 0) {
    if (asked.length > 1) reportProgress(context, null, `asking the pool whether it still has ${asked.length} packages`)
    const at = new Date().toISOString()
    const folder = await mkdtemp(join(root.folder, 'asking-'))
    const answers = await askPool(root, asked, folder, context).finally(() => rm(folder, { recursive: true, force: true }))
    for (const [uri, state] of answers) if (state !== 'unknown') known[uri] = { gone: state === 'gone', at }
    // Another process may have written meanwhile: what is lost is asked again, nothing more.
    await replaceFile(file, JSON.stringify(known))
  }
  return new Map(uris.map((uri) => [uri, known[uri] === undefined ? 'unknown' : known[uri].gone ? 'gone' : 'present']))
}

async function readAnswers(file: string): Promise<Record<string, Answer>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, Answer>
  } catch {
    return {}
  }
}

/** `folder` takes the body of a file whose length the mirror did not tell beforehand. */
async function askPool(
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
  let wave = new Map(uris.map((uri) => [uri, uri]))
  for (let round = 0; round <= REDIRECTS && wave.size > 0; round += 1) {
    const next = new Map<string, string>()
    for (const [scheme, targets] of Map.groupBy(wave, ([target]) => target.slice(0, target.indexOf(':')))) {
      const lanes = Array.from({ length: LANES }, (_, lane) => targets.filter((_target, index) => index % LANES === lane))
      const talks = lanes.map((lane, number) => {
        const asked = lane.map(([target]) => target)
        return askMethod(join(methods, scheme), settings, asked, join(folder, `body-${number}`), context)
      })
      const replies = new Map((await Promise.all(talks)).flatMap((talk) => [...talk]))
      for (const [target, first] of targets) {
        const reply = replies.get(target) ?? 'unknown'
        if (typeof reply === 'string') states.set(first, reply)
        else next.set(reply.movedTo, first)
      }
    }
    wave = next
  }
  return states
}

type Reply = PoolState | { readonly movedTo: string }

/** One conversation in apt's method protocol; what is not answered in a minute stays unanswered. */
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
    timeout: PATIENCE_MS,
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
