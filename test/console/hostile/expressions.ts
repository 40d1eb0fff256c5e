/** Every regular expression in src/console. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export type Expression = Pick<RegExp, 'source' | 'flags'>

/** Find them, each once, in the order of files. A thread does it, because the constructor of expressions is listened to. */
export async function findReaderExpressions(): Promise<Expression[]> {
  const worker = new Worker(new URL('collect.ts', import.meta.url))
  const [found] = (await once(worker, 'message')) as [Expression[]]
  return found
}
