/** A check looks at a tree and returns diagnostics; it passes when there are none. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runGit } from '#harness/support/git.ts'
import { runCommand } from '#harness/support/process.ts'

export interface Diagnostic {
  /** Relative to the root of the tree. */
  readonly file: string
  /** 1-based, null for the whole file. */
  readonly line: number | null
  readonly message: string
}

export interface Check {
  readonly name: string
  /** What holds when it passes, for people. */
  readonly holds: string
  readonly run: (root: string) => Promise<readonly Diagnostic[]>
}

export interface TextFile {
  readonly file: string
  readonly lines: readonly string[]
}

/** The files of the tree that git keeps or would keep, sorted, relative to its root. Throws InfraError where git has none. */
export async function listFiles(root: string): Promise<string[]> {
  const { stdout } = await runGit(root, ['ls-files', '--cached', '--others', '--exclude-standard', '-z'])
  const files = new Set(stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file))))
  return [...files].toSorted()
}

/** Those of them that `wanted` takes and that are text. */
export async function readTexts(root: string, wanted: (file: string) => boolean): Promise<TextFile[]> {
  const files = (await listFiles(root)).filter(wanted)
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readFile(join(root, file), 'utf8') })))
  return texts
    .filter(({ text }) => !text.includes('\0'))
    .map(({ file, text }) => ({ file, lines: text.replace(/\n$/, '').split('\n') }))
}

/** One diagnostic for each line that `judge` has a message for. */
export function diagnoseLines({ file, lines }: TextFile, judge: (line: string) => string | null): Diagnostic[] {
  return lines.flatMap((text, index) => {
    const message = judge(text)
    return message === null ? [] : [{ file, line: index + 1, message }]
  })
}

/** No tool takes this long, on the slowest machine: one that does is stuck. */
const TIMEOUT_MS = 10 * 60_000

/**
 * Run a tool that prints its own findings and exits non-zero when it has any: each line of its output is a diagnostic.
 * Throws InfraError when it cannot be started or does not end.
 */
export async function diagnoseWithTool(command: string, args: readonly string[], root: string): Promise<Diagnostic[]> {
  const { stdout, stderr, exitCode } = await runCommand(command, args, { cwd: root, anyExit: true, timeoutMs: TIMEOUT_MS })
  if (exitCode === 0) return []
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
  return [`${command} exits ${exitCode}`, ...lines].map((message) => ({ file: '', line: null, message }))
}
