/**
 * `npm run test:kvm`: KVM on machines that have none. Builds a Debian 13 host, boots it under TCG, and runs the items of
 * `inside/items.ts` in it, where /dev/kvm works. Prints KTAP; exit 0 when all passed, 1 when not.
 *
 *     npm run test:kvm                      about half an hour on two cores, and ten minutes more the first time
 *     npm run test:kvm -- restored clocks   items with one of these words in their names
 *     npm run test:kvm -- --product DIR     another build: a git repository with its node_modules
 *
 * Needs root, debootstrap, e2fsprogs and 5 GiB of memory. The root stays in the cache (`--fresh` makes it anew).
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readTests } from '#console/ktap/reader.ts'
import { makeFolder, findWorkspace } from '#harness/support/workspace.ts'
import { REPOSITORY } from '#harness/support/repository.ts'
import { makeNestedImage } from './image.ts'
import { runNestedHost } from './machine.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    product: { type: 'string', default: REPOSITORY },
    fresh: { type: 'boolean', default: false },
    /** Minutes that the items may take. */
    minutes: { type: 'string', default: '60' },
  },
})

const logs = join(findWorkspace().cache, 'logs')
await makeFolder(logs)
const log = join(logs, 'nested-host.log')
const started = performance.now()
const image = await makeNestedImage({ ...values, hear: (line) => console.log(`# ${line}`) })
try {
  console.log(`# the disk of the nested host took ${Math.round((performance.now() - started) / 1000)} s`)
  const printed: string[] = []
  const hear = (line: string) => {
    console.log(line)
    printed.push(line)
  }
  const hasEnded = await runNestedHost(image, { words: positionals, log, minutes: Number(values.minutes), hear })
  const { documents, problems } = readTests(printed.join('\n'))
  const points = documents.flatMap((document) => document.points)
  const failed = points.filter(({ status }) => status !== 'pass').map(({ name }) => name)
  const trouble = [...problems, ...documents.flatMap((document) => document.problems)].map(({ message }) => message)
  if (!hasEnded) trouble.push(`the nested host was ended after ${values.minutes} minutes; its console is ${log}`)
  for (const line of [...failed.map((name) => `failed: ${name}`), ...trouble]) console.log(`# ${line}`)
  const minutes = Math.round((performance.now() - started) / 60_000)
  console.log(`# ${points.length - failed.length} of ${points.length} passed in ${minutes} minutes`)
  process.exitCode = points.length > 0 && failed.length + trouble.length === 0 ? 0 : 1
} finally {
  await rm(image.folder, { recursive: true, force: true })
}
