/** The nested host: a QEMU whose TCG emulates an AMD CPU with SVM and nested paging, so that KVM works in its guest. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { InfraError } from '#domain/errors.ts'
import { startProcess } from '#harness/support/process.ts'
import type { NestedImage } from './image.ts'

const MAX_BOOTS = 4
/** A boot takes 45 s on an idle host. */
const BOOT_MINUTES = 10

/** The last two spare the nested kernel what a loaded host brings it to: a wrong time stamp counter, and code that it patches. */
const CMDLINE = 'console=ttyS0 root=/dev/vda rw init=/suite/init.sh panic=-1 mitigations=off quiet tsc=reliable no_timer_check'
const MACHINE = '-machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 4G -nodefaults -no-reboot -display none -nic none'

/** Arguments of QEMU: the kernel's console goes to `log`, the suite speaks on standard output. */
function argumentsOf({ disk, kernel, initrd }: NestedImage, log: string, words: readonly string[]): string[] {
  const cmdline = words.length > 0 ? `${CMDLINE} -- ${words.join(' ')}` : CMDLINE
  // Each boot has the disk as it was made.
  const drive = `file=${disk},if=virtio,format=raw,cache=unsafe,snapshot=on`
  const files = ['-drive', drive, '-kernel', kernel, '-initrd', initrd, '-append', cmdline]
  return [...MACHINE.split(' '), '-serial', `file:${log}`, '-serial', 'stdio', ...files]
}

/**
 * Boot the nested host, with `words` for its suite, and call `hear` for each line that the suite prints, until the host powers
 * off or `minutes` have passed. A nested host that ends or stays silent before its suite begins is booted again: under TCG a
 * vCPU sometimes runs into code that another one is patching. Returns whether the host powered off by itself. Throws InfraError
 * where the suite never begins.
 */
export async function runNestedHost(
  image: NestedImage,
  { words, log, minutes, hear }: { words: readonly string[]; log: string; minutes: number; hear: (line: string) => void },
): Promise<boolean> {
  for (let boots = 1; boots <= MAX_BOOTS; boots += 1) {
    const child = startProcess('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...argumentsOf(image, log, words)], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    let hasBegun = false
    let isOver = false
    const limit = (ms: number) =>
      setTimeout(() => {
        isOver = true
        child.kill('SIGKILL')
      }, ms)
    let timer = limit(BOOT_MINUTES * 60_000)
    const lines = createInterface({ input: child.stdout as Readable })
    lines.on('line', (line) => {
      if (!hasBegun) {
        hasBegun = true
        clearTimeout(timer)
        timer = limit(minutes * 60_000)
      }
      hear(line)
    })
    await Promise.all([child, once(lines, 'close')])
    clearTimeout(timer)
    if (hasBegun) return !isOver
    hear(
      `# the nested host did not come up (${isOver ? `silent for ${BOOT_MINUTES} minutes` : 'its kernel stopped'}), see ${log}`,
    )
  }
  throw new InfraError(`the nested host did not come up in ${MAX_BOOTS} boots`, `its console is ${log}`)
}
