/** QEMU's arguments for the disk of a guest, and for the network by which its sshd is reached. */

/**
 * How a guest uses its disk. `shared`: read-only, any number of guests one file. `layer`: what it writes goes to a qcow2 file
 * above the image, which is kept. `temporary`: it goes to a file that QEMU removes as soon as it is open.
 */
type DiskAccess = 'shared' | 'layer' | 'temporary'

export interface DiskSpec {
  /** Path of the image, which no guest writes. */
  readonly image: string
  readonly format: 'raw' | 'qcow2'
  readonly access: DiskAccess
  /** Whether the firmware boots it. */
  readonly boots: boolean
  /** Path of a qcow2 file with what a guest has written above the image; null without one. */
  readonly layer: string | null
  /** Folder that the guest sees as a disk of cloud-init's (NoCloud), read-only; null without one. */
  readonly seed: string | null
}

type Node = Readonly<Record<string, unknown>>

/** An image by its stated format: QEMU must not believe what a guest may have written to it, nor follow it to another file. */
function imageNode({ image, format }: DiskSpec): Node {
  const file = { driver: 'file', filename: image, 'read-only': true }
  return { driver: format, 'read-only': true, file, ...(format === 'qcow2' ? { backing: null } : {}) }
}

function rootArguments(disk: DiskSpec): string[] {
  const { access, image, layer } = disk
  if (access === 'shared') {
    const file = { driver: 'file', filename: image }
    return ['-blockdev', JSON.stringify({ driver: disk.format, 'node-name': 'root', 'read-only': true, file })]
  }
  const below = imageNode(disk)
  // What the host loses in a crash was to be thrown away, so nothing is flushed.
  const cache = { 'no-flush': true }
  const above = (filename: string, more: Node): Node => {
    return { driver: 'qcow2', file: { driver: 'file', filename }, backing: below, ...more }
  }
  if (access === 'layer') return ['-blockdev', JSON.stringify(above(layer ?? '', { 'node-name': 'root', cache }))]
  const base = layer === null ? below : above(layer, { 'read-only': true })
  return ['-drive', `if=none,id=root,snapshot=on,cache=unsafe,file=json:${JSON.stringify(base).replaceAll(',', ',,')}`]
}

function seedArguments({ seed }: DiskSpec): string[] {
  if (seed === null) return []
  const node = { driver: 'vvfat', 'node-name': 'seed', 'read-only': true, dir: seed, label: 'CIDATA' }
  return ['-blockdev', JSON.stringify(node), '-device', 'virtio-blk-pci,drive=seed']
}

/**
 * The disk, and a network that ends in this QEMU: `restrict` lets the guest reach nothing, and a port of loopback, which the
 * host's kernel chooses, leads to its sshd.
 */
export function diskArguments(disk: DiskSpec | undefined): string[] {
  if (disk === undefined) return ['-nic', 'none']
  // With -kernel, QEMU itself is first.
  const device = disk.boots ? 'virtio-blk-pci,drive=root,bootindex=0' : 'virtio-blk-pci,drive=root'
  return [
    ...rootArguments(disk),
    '-device',
    device,
    ...seedArguments(disk),
    '-netdev',
    'user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-:22',
    '-device',
    'virtio-net-pci,netdev=net,romfile=',
  ]
}

/** Whether a guest with these arguments writes to a file of the host: its layer, or one that QEMU throws away. */
export function writesDisk(args: readonly string[]): boolean {
  return args.some((word) => word.includes('snapshot=on') || word.includes('no-flush'))
}
