/** `kwitness cases check`: whether a case is complete, compiles, and passes its self-checks. */
import { checkCase, type CaseCheck } from '#run/check-case.ts'
import { CATALOGUE } from '#run/prepare/catalogue.ts'
import type { CasesCheckOptions } from '#cli/options/cases-check.ts'
import { given } from '#cli/options/values.ts'
import { INTERRUPTED } from '#cli/output/exit-code.ts'
import { print } from '#cli/output/streams.ts'
import { createProgress } from '#cli/output/progress.ts'
import { createKernelContext } from '#cli/terminal/kernel-context.ts'
import { untilSignal } from '#cli/terminal/signals.ts'

const checkLine = ({ name, passed, detail }: CaseCheck): string =>
  `${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)} ${detail.replaceAll('\n', '\n                    ')}`

/** Check the case, print each check, and give the exit code: 0 when all passed, 1 when one did not. */
export async function checkCaseCommand(id: string, options: CasesCheckOptions): Promise<number> {
  const { catalogue = CATALOGUE, kernels } = options
  const progress = createProgress(process.stderr, () => performance.now())
  const checks: CaseCheck[] = []
  try {
    const finished = await untilSignal(async (signal) => {
      const context = createKernelContext(options, progress, signal)
      for await (const check of checkCase({ catalogue, id, ...given({ kernels }) }, context, progress.onEvent)) {
        checks.push(check)
        progress.end()
        if (!options.json) await print(checkLine(check))
      }
    })
    if (!finished) return INTERRUPTED
  } finally {
    progress.end()
  }
  if (options.json) await print(JSON.stringify(checks, null, 2), true)
  return checks.every(({ passed }) => passed) ? 0 : 1
}
