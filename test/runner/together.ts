/** Runs several test files in one process, each as a suite that has its path as the name: what they share is loaded once. */
import { suite } from 'node:test'

for (const file of process.argv.slice(2)) {
  suite(file, async () => {
    await import(file)
  })
}
