/** Runs in a thread of its own: finds every regular expression of the readers, those put together when a file loads, too. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { findExpressions } from '#lint/source.ts'

const root = join(import.meta.dirname, '../../../src/console')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .toSorted()

const found = files.flatMap((file) => findExpressions({ file, text: readFileSync(join(root, file), 'utf8') }))
// Expressions of packages are not ours.
await import('#console/tap14.ts')
globalThis.RegExp = new Proxy(RegExp, {
  construct(target, given: [string | RegExp, string?]) {
    const made = new target(...given)
    found.push({ source: made.source, flags: made.flags })
    return made
  },
})
for (const file of files) await import(pathToFileURL(join(root, file)).href)
parentPort?.postMessage([...new Map(found.map((one) => [`${one.flags}/${one.source}`, one])).values()], [])
