/** Check: nothing in the tree names this machine, neither the hosts its packages come from nor the place of the tree. */
import { hostMirrors } from '#harness/kernels/debian/archive/root.ts'
import { runCommand } from '#harness/support/process.ts'
import { diagnoseLines, readTexts, type Diagnostic } from './check.ts'

/** Places that the repository itself gives a tree, in test/hosts and Containerfile: there a place says nothing of a machine. */
const OWN_PLACES: readonly string[] = ['/root/kwitness', '/usr/src/kwitness']

/** Whether a line names this folder, and not another one whose path contains its path. */
export function createNamesPlace(root: string): (line: string) => boolean {
  const place = new RegExp(`(?<![\\w.~-])${RegExp.escape(root)}(?![\\w-])`)
  return (line) => !OWN_PLACES.includes(root) && place.test(line)
}

/** Look for the words of this machine in every text file. */
export async function checkWords(root: string): Promise<Diagnostic[]> {
  const [hosts, texts] = await Promise.all([packageHosts(), readTexts(root, () => true)])
  const namesPlace = createNamesPlace(root)
  return texts.flatMap((text) =>
    diagnoseLines(text, (line) => {
      if (hosts.some((host) => line.includes(host))) return 'names a host that packages come from: mirrors come from the machine'
      return namesPlace(line) ? 'names the place of this tree on this machine' : null
    }),
  )
}

/** Hosts of the package sources that this machine's apt and npm are configured for. */
async function packageHosts(): Promise<string[]> {
  const mirrors = await hostMirrors()
  const registry = await runCommand('npm', ['config', 'get', 'registry']).catch(() => null)
  const addresses = [...mirrors, registry?.stdout.trim() ?? ''].filter((address) => URL.canParse(address))
  return addresses.map((address) => new URL(address).hostname).filter(Boolean)
}
