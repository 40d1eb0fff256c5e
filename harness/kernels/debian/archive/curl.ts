/** Files of a Debian archive by curl, which knows the proxies of the environment, certificates and redirects. */
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { runCommand, type Finished } from '#harness/support/process.ts'
import { hashFile } from '#harness/support/hash.ts'
import { bytesIn, runFetching } from '#harness/kernels/provider/fetching.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { DownloadFailure, type PoolState, type RemoteFile } from './contract.ts'

/** No configuration of the user, whose options would be in the answers; no other scheme, least of all behind a redirect. */
const ALWAYS = ['--disable', '--silent', '--show-error', '--location', '--max-redirs', '5']
const SCHEMES = ['--proto', '=http,https,file', '--proto-redir', '=http,https', '--retry', '1']
/** Exit codes of curl(1). */
const HTTP_ERROR = 22
const WRITE_ERROR = 23
const NO_SUCH_FILE = 37
const TOO_LARGE = 63
const CONNECT_SECONDS = '30'
const ASKING_MS = 5 * 60 * 1000

/** Fetch a file of at most so many bytes. Throws DownloadFailure, and InfraError where curl is missing or the mirror stalls. */
export async function fetchByCurl(uri: string, target: string, maxBytes: number, context: KernelContext): Promise<void> {
  const limits = ['--connect-timeout', CONNECT_SECONDS, '--max-filesize', String(maxBytes)]
  const args = [...ALWAYS, ...SCHEMES, ...limits, '--fail', '--output', target, '--write-out', '%{http_code}', '--', uri]
  const fetching = { from: new URL(uri).host || uri, bytes: () => bytesIn(dirname(target)) }
  const { exitCode, stdout, stderr } = await runFetching('curl', args, fetching, context, { anyExit: true })
  if (exitCode === 0) return
  await rm(target, { force: true })
  const why = stderr.trim().split('\n').at(-1) ?? `curl ended with ${exitCode}`
  throw new DownloadFailure(kindOf(exitCode, stdout, stderr), why)
}

function kindOf(exitCode: number, status: string, stderr: string): DownloadFailure['kind'] {
  if (exitCode === NO_SUCH_FILE || (exitCode === HTTP_ERROR && /^(?:404|410)$/.test(status))) return 'gone'
  if (exitCode === TOO_LARGE) return 'changed'
  return exitCode === WRITE_ERROR || stderr.includes('No space left') ? 'full' : 'other'
}

/** Fetch a file that a signed list describes. Throws as fetchByCurl does, and DownloadFailure for any other content. */
export async function fetchListed({ uri, sha256, bytes }: RemoteFile, target: string, context: KernelContext): Promise<void> {
  await fetchByCurl(uri, target, bytes, context)
  if ((await hashFile(target)) === sha256) return
  await rm(target)
  throw new DownloadFailure('changed', `Hash Sum mismatch of ${uri}`)
}

/** Whether files are there, by their headers alone. */
export async function askByCurl(uris: readonly string[], context: KernelContext): Promise<Map<string, PoolState>> {
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  const input = uris.map((uri) => `url = ${quoted(uri)}\noutput = "/dev/null"\n`).join('')
  const many = ['--parallel', '--parallel-max', '4', '--connect-timeout', CONNECT_SECONDS, '--head']
  const args = [...ALWAYS, ...SCHEMES, ...many, '--write-out', '%{http_code} %{url}\\n', '--config', '-']
  const options = { input, anyExit: true, timeoutMs: context.mirrorTimeoutMs ?? ASKING_MS, signal: context.signal }
  const { stdout } = await runCommand('curl', args, options).catch(lateAnswers)
  const rows = [...stdout.matchAll(/^(\d{3}) (\S+)$/gm)]
  return new Map(rows.map(([, code = '', uri = '']) => [uri, stateOf(code)]))
}

/** What curl said before its time was over: those answers count. */
function lateAnswers(error: unknown): Pick<Finished, 'stdout'> {
  const cause = (error as { cause?: { timedOut?: boolean; stdout?: string } }).cause
  if (!(error instanceof InfraError) || cause?.timedOut !== true) throw error
  return { stdout: cause.stdout ?? '' }
}

function stateOf(code: string): PoolState {
  return code === '200' ? 'present' : code === '404' || code === '410' ? 'gone' : 'unknown'
}
