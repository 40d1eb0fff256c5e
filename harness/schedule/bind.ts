/** A schedule with the addresses and offsets of one kernel, read from its image. */
import { readFile } from 'node:fs/promises'
import type { KernelImage } from '#domain/kernel.ts'
import type { Schedule } from '#domain/race/schedule.ts'
import type { BoundSchedule } from './actors.ts'
import { readBtf, type MemberOffset } from './image/btf.ts'
import { contentOf, readSections } from './image/elf.ts'
import { readKallsyms } from './image/kallsyms.ts'
import { codeSymbols, type CodeSymbols } from './image/symbols.ts'

/** What the image of a kernel says of its code and types. */
export interface ImageFacts {
  readonly symbols: CodeSymbols
  /** Null where the image has no types. */
  readonly offsetOf: MemberOffset | null
}

/** Read the facts of an image; or why that is not possible, in one clause. */
export async function readImage({ vmlinux }: Pick<KernelImage, 'vmlinux'>): Promise<ImageFacts | string> {
  if (vmlinux === null) return 'the kernel has no vmlinux to read its symbols from'
  const file = await readFile(vmlinux)
  const sections = readSections(file)
  const constants = sections.find(({ name }) => name === '.rodata')
  const content = contentOf(file, constants)
  const symbols = constants && content ? readKallsyms(content, constants.address) : null
  if (!symbols) return 'the image of the kernel has no symbols that can be read'
  const types = contentOf(
    file,
    sections.find(({ name }) => name === '.BTF'),
  )
  return { symbols: codeSymbols(symbols), offsetOf: types && readBtf(types) }
}

/** The schedule on this kernel; or what the kernel lacks of it, in one clause. */
export function bindSchedule(schedule: Schedule, { symbols, offsetOf }: ImageFacts): BoundSchedule | string {
  const { symbol, argument } = schedule.window
  const enter = symbols.address(symbol)
  if (enter === null) return `the kernel has no function ${symbol}`
  const memberOffset = offsetOf?.(argument.member) ?? argument.offset
  if (memberOffset === null) return `the image does not say where ${argument.member} lies`
  const waits = schedule.waits.flatMap((wait) => {
    const address = symbols.address(wait.symbol)
    return address === null ? [] : [[address, wait] as const]
  })
  return { schedule, enter, memberOffset, waits: new Map(waits) }
}
