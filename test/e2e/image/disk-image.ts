/**
 * A disk image as a user may bring one, made once and kept in the cache: partitions, a boot loader, Debian's own kernel, and an
 * sshd that lets one user in by a key, who may become root. Its init is a short script, so that it boots soon under emulation.
 */
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { runCommand } from '#harness/support/process.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

const PACKAGES = [
  'openssh-server',
  'sudo',
  'iproute2',
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'zstd',
  'fdisk',
  'dosfstools',
  'mtools',
  'syslinux',
  'syslinux-common',
]
/** MiB of the partition with boot loader and kernel, behind the first one. */
const BOOT_MIB = 64
const SECTORS_PER_MIB = 2048

const INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
for fs in proc sysfs devtmpfs devpts; do
  case $fs in proc) at=/proc ;; sysfs) at=/sys ;; devtmpfs) at=/dev ;; devpts) at=/dev/pts ;; esac
  mkdir -p $at
  mountpoint -q $at || mount -t $fs $fs $at
done
mountpoint -q /run || mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/sshd
modprobe virtio_net
ip link set lo up
for card in /sys/class/net/e*; do
  ip addr add 10.0.2.15/24 dev \${card##*/}
  ip link set \${card##*/} up
done
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
echo "<2>disk: booted" > /dev/kmsg
/usr/sbin/sshd
while :; do sleep 1000; done
`

const SYSLINUX = `DEFAULT linux
LABEL linux
  KERNEL vmlinuz
  INITRD initrd.img
  APPEND root=LABEL=own ro console=ttyS0 quiet
`

/** In the root of the image: everything that its own programs can do. */
const FINISH = `set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
mount -t proc proc /proc
printf 'virtio_pci\\nvirtio_blk\\next4\\n' > /etc/initramfs-tools/modules
echo MODULES=list > /etc/initramfs-tools/conf.d/list
update-initramfs -u
rm -f /etc/ssh/ssh_host_*
useradd --create-home --shell /bin/sh admin
echo 'admin ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/admin
mkdir -m 700 /home/admin/.ssh
mv /work/key.pub /home/admin/.ssh/authorized_keys
chown -R admin:admin /home/admin
install -m 755 /work/init /sbin/init
cd /work
cp /boot/vmlinuz-* vmlinuz
cp /boot/initrd.img-* initrd.img
truncate -s ${BOOT_MIB}M boot
mkfs.vfat -n BOOT boot > /dev/null
mcopy -i boot vmlinuz initrd.img syslinux.cfg ::
syslinux -i boot
cp /usr/lib/syslinux/mbr/mbr.bin mbr
rm -rf /var/cache/apt /var/lib/apt/lists /usr/share/doc /usr/share/locale /usr/share/man vmlinuz initrd.img
`

export interface TestImage {
  readonly qcow2: string
  readonly raw: string
  /** Private key of the user `admin`. */
  readonly key: string
}

/** The image, made where the cache does not have it: by root, in two minutes and more. */
export async function testImage(): Promise<TestImage> {
  const recipe = createHash('sha256').update(JSON.stringify([PACKAGES, INIT, SYSLINUX, FINISH]))
  const folder = join(findWorkspace().cache, 'test-images')
  const entry = join(folder, recipe.digest('hex').slice(0, 16))
  const isThere = await access(entry).then(
    () => true,
    () => false,
  )
  if (!isThere) {
    await mkdir(folder, { recursive: true })
    const own = await mkdtemp(join(folder, 'new-'))
    try {
      await make(own)
      await rename(own, entry)
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  }
  return { qcow2: join(entry, 'disk.qcow2'), raw: join(entry, 'disk.raw'), key: join(entry, 'key') }
}

async function make(folder: string): Promise<void> {
  const stage = join(folder, 'root')
  const inStage = (...parts: string[]) => join(stage, ...parts)
  const { main } = await openAptRoot({ workspace: findWorkspace() })
  await runCommand('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, 'bookworm', stage, main])
  await mkdir(inStage('work'))
  await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  await writeFile(inStage('work', 'key.pub'), await readFile(join(folder, 'key.pub')))
  await writeFile(inStage('work', 'init'), INIT)
  await writeFile(inStage('work', 'syslinux.cfg'), SYSLINUX)
  await runCommand('unshare', ['--mount', 'chroot', stage, 'sh', '-c', FINISH])
  for (const name of ['boot', 'mbr']) await rename(inStage('work', name), join(folder, name))
  const { stdout } = await runCommand('du', ['-sm', '--apparent-size', stage])
  const mib = Math.ceil(Number.parseInt(stdout, 10) * 1.25) + 64
  const [root, raw] = [join(folder, 'ext4'), join(folder, 'disk.raw')]
  await runCommand('mke2fs', ['-q', '-t', 'ext4', '-L', 'own', '-m', '0', '-d', stage, root, `${mib}M`])
  await writeFile(raw, partitioned(mib, await readFile(join(folder, 'mbr'))))
  const write = (from: string, at: number) => ['if=' + from, 'of=' + raw, 'bs=1M', `seek=${at}`, 'conv=notrunc,sparse']
  await runCommand('dd', write(join(folder, 'boot'), 1))
  await runCommand('dd', write(root, 1 + BOOT_MIB))
  await runCommand('truncate', ['-s', `${1 + BOOT_MIB + mib}M`, raw])
  await runCommand('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')])
  for (const name of ['root', 'boot', 'mbr', 'ext4']) await rm(join(folder, name), { recursive: true })
}

/** The first sector of a disk with two partitions: FAT, which the loader boots, and Linux. */
function partitioned(rootMiB: number, loader: Buffer): Buffer {
  const sector = Buffer.alloc(512)
  loader.copy(sector, 0, 0, 440)
  const partition = (index: number, active: number, type: number, fromMiB: number, mib: number): void => {
    const at = 446 + 16 * index
    sector.set([active, 0xfe, 0xff, 0xff, type, 0xfe, 0xff, 0xff], at)
    sector.writeUInt32LE(fromMiB * SECTORS_PER_MIB, at + 8)
    sector.writeUInt32LE(mib * SECTORS_PER_MIB, at + 12)
  }
  partition(0, 0x80, 0x0c, 1, BOOT_MIB)
  partition(1, 0, 0x83, 1 + BOOT_MIB, rootMiB)
  sector.set([0x55, 0xaa], 510)
  return sector
}
