/** Processes that own what lies in a folder, for tests that ask who lives. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { REPOSITORY } from '#harness/support/repository.ts'

/** Says its word, and kills itself at the end of its input. */
const OWN = `console.log((await import(process.argv[1] + '/harness/support/owner.ts')).ownToken(process.argv[2]))
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume()`

interface Speaker {
  readonly child: ChildProcess
  /** The first that it says. */
  readonly word: string
}

/**
 * A process that runs this script with the repository and a folder as arguments, started by the words before it. Throws an Error
 * when it ends without a word.
 */
export async function beginSpeaker(script: string, place: string, before: readonly string[] = []): Promise<Speaker> {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '-e', script, REPOSITORY, place]
  const [command = '', ...words] = [...before, ...node]
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`${command} ended with ${code} without a word`)
  })
  const [chunk] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
  return { child, word: chunk.toString().trim() }
}

/** A process that owns what lies in a folder, and is killed at the end of its input. */
export function beginOwner(place: string, before: readonly string[] = []): Promise<Speaker> {
  return beginSpeaker(OWN, place, before)
}

/** End the input of such a process, and wait for its end. */
export async function endSpeaker(child: ChildProcess): Promise<void> {
  child.stdin?.end()
  await once(child, 'close')
}
