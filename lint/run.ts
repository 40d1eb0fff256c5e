/** `npm run lint`: every check with its own line; exit code 1 when any fails. */
import { REPOSITORY } from '#harness/support/repository.ts'
import { formatResult, runChecks } from './checks.ts'

for await (const result of runChecks(REPOSITORY)) {
  console.log(formatResult(result))
  if (result.diagnostics.length > 0) process.exitCode = 1
}
