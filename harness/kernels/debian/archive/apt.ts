/** A Debian archive as apt reads it. */
import { dirname, join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import type { SourcePackage } from '#schema/cache/debian.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'
import { bytesIn, runFetching } from '#harness/kernels/provider/fetching.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { aptOptions, type AptRoot } from './root.ts'
import { upstreamVersion } from './packages.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './sources.ts'
import { askByMethods } from './apt-methods.ts'
import { type DebianArchive, DownloadFailure, type ListText, type RemoteFile } from './contract.ts'

const UPDATE_TIMEOUT_MS = 10 * 60 * 1000

export const aptArchive: DebianArchive = { update: updateLists, lists: readLists, download, ask: askByMethods, find }

/** Without a delay, because apt 2.6 hangs where it would wait before it asks a mirror again that answered 503. */
const RETRIES = ['-o', 'Acquire::Retries=1', '-o', 'Acquire::Retries::Delay=false']

/** Run apt-get update. Returns its errors and warnings, one for each suite where it did not end in time. */
async function updateLists(root: AptRoot, context: KernelContext): Promise<string[]> {
  const args = ['-c', root.config, '-q', ...RETRIES, 'update']
  const fetching = { from: new URL(root.main).host || root.main, bytes: () => bytesIn(join(root.folder, 'state', 'lists')) }
  try {
    const update = await runFetching('apt-get', args, fetching, context, {
      ...aptOptions(context),
      anyExit: true,
      timeoutMs: UPDATE_TIMEOUT_MS,
    })
    const lines = update.stderr.split('\n')
    const diagnostics = [...lines.filter((line) => /^[EW]: /.test(line)), ...failuresIn(update.stdout)]
    const isSilent = diagnostics.length === 0 && update.exitCode !== 0
    return isSilent
      ? [lines.findLast((line) => line.trim() !== '') ?? `apt-get update ended with ${update.exitCode}`]
      : diagnostics
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof InfraError)) throw error
    // No suite is known to have arrived.
    return [...MAIN_SUITES, ...SECURITY_SUITES].map((suite) => `E: Failed to fetch ${suite} : ${error.message}`)
  }
}

/** An answer of the mirror, though a bad one: it was reached. */
const ANSWER = /\b404\b|signature|signed|verif|NO_PUBKEY|KEYSIG|Hash Sum|unexpected size/i

/**
 * The failures in what apt prints on its way: `Err:12 URI SUITE InRelease`, then the reason. Where another suite is missing apt
 * ends without a warning about those that it could not fetch.
 */
function failuresIn(stdout: string): string[] {
  const found = [...stdout.matchAll(/^Err:\d+ (\S+ \S+) .*\n {2}(.+)$/gm)]
  return found.map(([, what, reason = '']) => `W: ${ANSWER.test(reason) ? 'Refused' : 'Failed to fetch'} ${what}  ${reason}`)
}

async function readLists(root: AptRoot, context: KernelContext): Promise<ListText[]> {
  const format = ['--format', '$(RELEASE) $(REPO_URI) $(FILENAME)', 'Identifier: Packages']
  const { stdout } = await runCommand('apt-get', ['-c', root.config, 'indextargets', ...format], aptOptions(context))
  const lists: ListText[] = []
  for (const line of stdout.split('\n').filter(Boolean)) {
    // The path may hold blanks; a release and a URI do not.
    const [, suite = '', repository = '', file = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    if (!(await exists(file))) continue
    const { stdout: text } = await runCommand('/usr/lib/apt/apt-helper', ['cat-file', file], aptOptions(context))
    lists.push({ suite, repository, text })
  }
  return lists
}

async function download(root: AptRoot, { uri, sha256 }: RemoteFile, target: string, context: KernelContext): Promise<void> {
  const args = ['-c', root.config, '-q', 'download-file', uri, target, `SHA256:${sha256}`]
  const fetching = { from: new URL(uri).host || uri, bytes: () => bytesIn(dirname(target)) }
  try {
    await runFetching('/usr/lib/apt/apt-helper', args, fetching, context, aptOptions(context))
  } catch (cause) {
    const stderr = (cause as { cause?: { stderr?: string } }).cause?.stderr
    if (stderr === undefined) throw cause
    const [line] = stderr.split('\n').filter((one) => one.startsWith('E: '))
    throw new DownloadFailure(kindOf(stderr), line?.slice(3) ?? (cause as Error).message, { cause })
  }
}

function kindOf(stderr: string): DownloadFailure['kind'] {
  if (/\b404\b|File not found/.test(stderr)) return 'gone'
  if (/Hash Sum mismatch|unexpected size/i.test(stderr)) return 'changed'
  return stderr.includes('No space left') ? 'full' : 'other'
}

async function find(root: AptRoot, name: string, build: string | null, context: KernelContext): Promise<SourcePackage | string> {
  const args = ['-c', root.config, '-q', 'download', '--print-uris', build === null ? name : `${name}=${build}`]
  const { stdout, stderr } = await runCommand('apt-get', args, { ...aptOptions(context), anyExit: true })
  return parsePrintedUri(stdout) ?? /^E: (.+)$/m.exec(stderr)?.[1] ?? 'apt names no file of it'
}

const PRINTED = /^'(\S+)' [^_\s]+_([^_\s]+)_\w+\.deb (\d+) SHA256:([0-9a-f]{64})$/m

/** Parse the output of `apt-get --print-uris`: 'URI' NAME_VERSION_ARCH.deb BYTES SHA256:HASH, where %3a is a colon; else null. */
export function parsePrintedUri(text: string): SourcePackage | null {
  const [, uri, escaped = '', bytes, sha256] = PRINTED.exec(text) ?? []
  if (uri === undefined || sha256 === undefined) return null
  const build = escaped.replaceAll(/%3a/gi, ':')
  return { build, version: upstreamVersion(build), file: { sha256, bytes: Number(bytes), uris: [uri] } }
}
