/** What every benchmark begins and ends with: its options, the caches, a scratch folder, and its table. */
import { rm } from 'node:fs/promises'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import type { KernelContext } from '#harness/kernels/index.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { formatTable, machineLine, type Row } from './figures.ts'

/** Texts by option name; a list is an option that may be repeated, undefined one without a default. */
type Defaults = Readonly<Record<string, string | readonly string[] | undefined>>

type Values<T extends Defaults> = {
  readonly [name in keyof T]: T[name] extends readonly string[]
    ? readonly string[]
    : T[name] extends string
      ? string
      : string | undefined
} & { readonly json: boolean }

/** The options of this process, beside --json; --help prints the text and exits. Throws for an unknown option. */
export function readOptions<T extends Defaults>(help: string, defaults: T): Values<T> {
  const options = Object.entries(defaults).map(([name, value]): [string, ParseArgsOptionsConfig[string]] => {
    if (value === undefined) return [name, { type: 'string' }]
    return [
      name,
      typeof value === 'string' ? { type: 'string', default: value } : { type: 'string', multiple: true, default: [...value] },
    ]
  })
  const common = { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } as const
  const { values } = parseArgs({ options: { ...Object.fromEntries(options), ...common } })
  if (values.help) {
    console.log(help)
    process.exit()
  }
  return values as unknown as Values<T>
}

/** The caches, and a scratch folder that disposing removes. */
export async function openPlace() {
  const context: KernelContext = { workspace: findWorkspace() }
  const { cache } = context.workspace
  const scratch = await openScratch(cache)
  return { context, cache, scratch, [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }) }
}

interface Printed {
  readonly json: boolean
  /** How busy the machine was; now, where it was not taken earlier. */
  readonly machine?: string
  readonly above?: readonly string[]
  readonly below?: readonly string[]
}

/** Print rows as JSON, or as a table below the machine, with further lines around it. */
export function printRows(rows: readonly Row[], { json, machine = machineLine(), above = [], below = [] }: Printed): void {
  console.log(json ? JSON.stringify(rows, null, 2) : [machine, ...above, formatTable(rows), ...below].join('\n'))
}
