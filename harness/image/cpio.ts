/** Write newc cpio archives: the initramfs, and the payload that brings a case into a guest. */

export interface CpioFile {
  readonly name: string
  readonly data: Uint8Array
  readonly executable?: boolean
}

export interface CpioFolder {
  readonly name: string
  readonly folder: true
}

const FOLDER = 0o40755
const FILE = 0o100644
const PROGRAM = 0o100755

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4)
}

function entry(inode: number, name: string, mode: number, data: Uint8Array): Uint8Array[] {
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return [Buffer.from(header, 'latin1'), padding(header.length), data, padding(data.length)]
}

const LAST = 'TRAILER!!!'

/** The length of the archive that these bytes begin with, whatever zeros follow it. */
export function lengthOfCpio(bytes: Buffer): number {
  const end = bytes.lastIndexOf(`${LAST}\0`, undefined, 'latin1')
  return Math.min(bytes.length, Math.ceil((end + LAST.length + 1) / 4) * 4)
}

/** An archive of these entries in the given order, without times and owners: the same entries give the same bytes. */
export function writeCpio(entries: readonly (CpioFile | CpioFolder)[]): Buffer {
  const none = new Uint8Array()
  const parts = entries.flatMap((item, index) =>
    'folder' in item
      ? entry(index + 1, item.name, FOLDER, none)
      : entry(index + 1, item.name, item.executable ? PROGRAM : FILE, item.data),
  )
  return Buffer.concat([...parts, ...entry(0, LAST, 0, none)])
}

const PAGE = 4096

/**
 * An archive for a guest to boot from, with zeros behind it where it would end in the second half of a page. QEMU puts it at the
 * end of a microvm's memory, and SeaBIOS (the firmware of a microvm in Debian 13) puts the ACPI tables into the end of the same
 * page: an archive that reaches so far is copied over them (findings/qemu-microvm-initrd-over-acpi-tables.sh).
 */
export function writeInitramfsCpio(entries: readonly (CpioFile | CpioFolder)[]): Buffer {
  const archive = writeCpio(entries)
  const inLastPage = archive.length % PAGE
  if (inLastPage > 0 && inLastPage <= PAGE / 2) return archive
  return Buffer.concat([archive, Buffer.alloc(((PAGE - inLastPage) % PAGE) + 4)])
}
