/** The symbols of a kernel's code by name, and names of its addresses. */
import type { KernelSymbol } from './kallsyms.ts'

export interface CodeSymbols {
  /** The address of the first function of this name; null when there is none. */
  readonly address: (name: string) => bigint | null
  /** The addresses of the function of this name and of what compilers make of it: NAME.cold, NAME.part.0, NAME.constprop.0. */
  readonly parts: (name: string) => readonly bigint[]
  /** Where the function that holds this address ends: at the next one. */
  readonly end: (address: bigint) => bigint
  /** SYMBOL+OFFSET (hex) of an address, or the address itself in hex below all symbols. */
  readonly name: (address: bigint) => string
}

/** Labels of padding before a function, and of its checked entry: the function itself follows. */
const LABEL = /^__(pfx|cfi)_/

export function codeSymbols(all: readonly KernelSymbol[]): CodeSymbols {
  const code = all.filter(({ name, type }) => /^[tTwW]$/.test(type) && !LABEL.test(name))
  const sorted = code.toSorted((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address)))
  const byName = new Map<string, bigint>()
  for (const { name, address } of sorted) if (!byName.has(name)) byName.set(name, address)

  /** The last symbol at or before the address. */
  function indexOf(address: bigint): number {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle]?.address ?? 0n) <= address) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  return {
    address: (name) => byName.get(name) ?? null,
    parts: (name) => [...byName].flatMap(([own, address]) => (own === name || own.startsWith(`${name}.`) ? [address] : [])),
    end: (address) => {
      let next = indexOf(address) + 1
      while (sorted[next] && sorted[next]?.address === address) next += 1
      return sorted[next]?.address ?? address
    },
    name: (address) => {
      const symbol = sorted[indexOf(address)]
      return symbol ? `${symbol.name}+0x${(address - symbol.address).toString(16)}` : `0x${address.toString(16)}`
    },
  }
}
