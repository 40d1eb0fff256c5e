/** A source that is configured and built with the words of the kernel's own, from two C files: seconds instead of minutes. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { selectKernels, type KernelContext, type KernelProgress } from '#harness/kernels/index.ts'
import { temporaryFolder } from '../kernel-images.ts'

export const MAKEFILE = `VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 9
tinyconfig: ; echo '# CONFIG_SMP is not set' > $(O)/.config
olddefconfig: ; sed -i -e '/CONFIG_NEVER/d' -e '/^# CONFIG_SMP/d' $(O)/.config
vmlinux: $(O)/main.o $(O)/other.o
	ld -e start -o $(O)/vmlinux $^ && touch $(O)/modules.builtin
bzImage: vmlinux ; mkdir -p $(O)/arch/x86/boot && echo packed > $(O)/arch/x86/boot/bzImage
$(O)/%.o: %.c ; @echo '  CC      $*.o'; gcc -c -o $@ $<
`

/** A patch to main.c as it is at first. */
export const patch = (to: string) => `Why.\n\n--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-int start(void) { return 1; }\n+${to}\n`

/** The source in a folder of the test, with a cache of its own and of this name. */
export async function smallTree(t: TestContext, cache = 'cache') {
  const folder = await temporaryFolder(t)
  const source = join(folder, 'linux')
  await mkdir(source)
  await writeFile(join(source, 'Makefile'), MAKEFILE)
  await writeFile(join(source, 'main.c'), 'int start(void) { return 1; }\n')
  await writeFile(join(source, 'other.c'), 'int other(void) { return 2; }\n')
  const events: KernelProgress[] = []
  const workspace = { cache: join(folder, cache), state: folder }
  const context: KernelContext = { workspace, progress: (event) => void events.push(event) }
  const select = async (options = '') => {
    const [kernel] = await selectKernels([`tree:${source}${options}`], context)
    assert.ok(kernel)
    return kernel
  }
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const log = (name: string) => readFile(join(workspace.cache, 'logs', `${name}.log`), 'utf8')
  return { folder, source, context, workspace, events, select, write, log }
}
