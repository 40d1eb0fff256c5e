/** Removes the runs of a store one after the other, until it is killed: `removing-child.ts STORE`. Says each on a line. */
import { openStore } from '#store/index.ts'

const store = await openStore(process.argv[2] ?? '')
for (const id of await store.runIds()) {
  process.stdout.write(`${id}\n`)
  await store.removeRun(id)
}
