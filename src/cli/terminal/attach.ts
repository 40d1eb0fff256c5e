/** Attaches this terminal to the serial port of a guest, as telnet and `virsh console` do: Ctrl-] detaches. */
import type { Duplex } from 'node:stream'

/** Ctrl-], the key that detaches. */
const DETACH = 0x1d
/** Ends the shell when standard input has ended. A Ctrl-D would go to the program that the shell runs just then. */
const END_OF_INPUT = '\nexit\n'
/** The end of the prompt of vm-images/guest/shell-init. */
const PROMPT = ' # '

/**
 * Pass bytes between this terminal and the port until the port closes or the user presses Ctrl-]. The terminal is in raw mode
 * meanwhile, so Ctrl-C goes to the guest, and it is restored on every path. Returns whether the user detached.
 */
export async function attachTerminal(port: Duplex, closed: Promise<unknown>): Promise<boolean> {
  const { stdin, stdout } = process
  const isRaw = stdin.isTTY && stdin.isRaw
  let onDetach = (): void => undefined
  const detached = new Promise<true>((resolve) => (onDetach = () => resolve(true)))
  const send = (chunk: Buffer): void => {
    const at = stdin.isTTY ? chunk.indexOf(DETACH) : -1
    port.write(at < 0 ? chunk : chunk.subarray(0, at))
    if (at >= 0) onDetach()
  }
  const show = (chunk: Buffer): void => void stdout.write(chunk)
  const end = (): void => void port.write(END_OF_INPUT)
  /** What comes before the first prompt would be lost when the shell sets up its terminal. */
  let beginning = ''
  const begin = (chunk: Buffer): void => {
    beginning += chunk.toString('latin1')
    if (!beginning.includes(PROMPT)) return
    port.off('data', begin)
    stdin.on('data', send).on('end', end)
  }
  try {
    if (stdin.isTTY) stdin.setRawMode(true)
    port.on('data', show).on('data', begin).resume()
    return await Promise.race([closed.then(() => false), detached])
  } finally {
    stdin.off('data', send).off('end', end).pause()
    port.off('data', show).off('data', begin)
    if (stdin.isTTY) stdin.setRawMode(isRaw)
  }
}
