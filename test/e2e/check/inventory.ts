/** What kwitness-check must leave as it was: settings, modules, mounts, segments, files, control groups and processes. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'

const SETTINGS = ['/sys/kernel/mm/ksm', '/sys/kernel/mm/transparent_hugepage', '/sys/kernel/mm/hugepages', '/proc/sys/vm']
/** Counters among them, which change by themselves. */
const COUNTERS =
  /ksm\/(?!run|pages_to_scan|sleep_millisecs)|hugepages-\d+kB\/(?!nr_)|stats\/|khugepaged\/(?:full_scans|pages_coll)|vm\/stat/

async function settings(): Promise<string[]> {
  const lines: string[] = []
  for (const root of SETTINGS) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || COUNTERS.test(path)) continue
      lines.push(`${path} ${await readFile(path, 'latin1').catch(() => 'unreadable')}`)
    }
  }
  return lines.toSorted()
}

/** Ids of processes whose program is the file at `program`, removed or not. */
export async function processesOf(program: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const target = await readlink(`/proc/${name}/exe`).catch(() => '')
    if (target === program || target === `${program} (deleted)`) found.push(Number(name))
  }
  return found
}

async function own(folder: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name)).map((name) => join(folder, name))
}

/** The inventory, as lines that can be compared; processes are those of `program`. */
export async function takeInventory(program: string): Promise<string[]> {
  const read = async (path: string, pattern = /^/): Promise<string[]> =>
    (await readFile(path, 'latin1').catch(() => '')).split('\n').filter((line) => pattern.test(line))
  return [
    ...(await settings()),
    ...(await read('/proc/modules')).map((line) => line.split(' ')[0] ?? ''),
    ...(await read('/proc/self/mounts', /kwitness-test|^huge|\/kwitness-\w{6}/)),
    ...(await read('/proc/sysvipc/shm')).map((line) => line.trim().split(/\s+/).slice(0, 2).join(' ')),
    ...(await own('/tmp', /^kwitness-(?:\w{6}$|test-left)|^huge-/)),
    ...(await own('/var/tmp', /^kwitness-\w{6}$/)),
    ...(await own('/dev/shm', /^kwitness-\w{6}$/)),
    ...(await read('/proc/self/mounts', / cgroup2 /)).flatMap((line) => line.split(' ')[1] ?? []),
    ...(await processesOf(program)).map((pid) => `process ${pid}`),
  ]
}
