/**
 * The items of `npm run test:kvm`, in the nested host. `suite.ts [WORD...]` runs those with one of these words in their names.
 * Each needs what the ones before it left in the cache, and finds or makes it where it runs alone.
 */
import { readFileSync } from 'node:fs'
import { items } from './items.ts'
import { note, type Setup } from './product.ts'

const words = process.argv.slice(2)
const setup = JSON.parse(readFileSync('/suite/setup.json', 'utf8')) as Setup
const chosen = items.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))

console.log('KTAP version 1')
console.log(`1..${chosen.length}`)
for (const [index, { name, check }] of chosen.entries()) {
  const started = performance.now()
  note(`begin: ${name}`)
  const failed = await check(setup).then(
    () => false,
    (error: unknown) => {
      for (const line of String(error instanceof Error ? error.stack : error).split('\n')) note(line)
      return true
    },
  )
  note(`${((performance.now() - started) / 1000).toFixed(0)} s`)
  console.log(`${failed ? 'not ok' : 'ok'} ${index + 1} ${name}`)
}
