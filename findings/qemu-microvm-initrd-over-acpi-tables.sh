#!/bin/sh
# QEMU's microvm and its firmware both use the end of the guest's memory: an initrd can lie on the ACPI tables.
#
# A microvm boots by qboot or by SeaBIOS. qboot keeps the ACPI tables below 1 MiB; SeaBIOS puts them at the end of the last page
# of memory. QEMU puts the initrd of a kernel with a PVH entry at the end of memory as well, from a page on (only the PC machines
# leave room), and its option ROM copies it after the firmware is done. So an initrd whose last page is nearly full replaces the
# tables by its own bytes: a Linux guest finds no ACPI, or sums up a table of gigabytes and never boots. Whether that happens
# depends on nothing but the initrd's size. One that ends early in a page is safe. Which firmware it is, the distribution chose:
# bios-microvm.bin, which QEMU loads, was a link to qboot in Debian 12 and is SeaBIOS in Debian 13.
#
# Shown with an initrd of zeros whose size is safe: it ends in the page that holds the tables, before them.
#
# Seen with QEMU 7.2.22, its qboot.rom, and Debian's seabios 1.16.2-1; QEMU 10.0.13 with 1.16.3-2 and QEMU 11.1.3 with 1.17.0-1 do
# the same as the latter. Exits 1 when it behaves otherwise, 2 when it cannot be tried.
set -eu
. "$(dirname "$0")/lib/debian-kernel.sh"

# 300 pages and 100 bytes: no archive, so the guest ends where it has no root.
head -c $((300 * 4096 + 100)) /dev/zero >initrd

# Whether the initrd ends in the page of the ACPI tables with the firmware of this name and path.
shares_page() {
  timeout 120 qemu-system-x86_64 -machine microvm,pic=off,rtc=on,auto-kernel-cmdline=off -bios "$2" \
    -m 256M -nodefaults -display none -no-reboot -serial file:console -kernel vmlinux -initrd initrd \
    -append 'console=ttyS0 panic=-1 reboot=t no_timer_check tsc_early_khz=2000000' || true
  end=$(sed -n 's/.*Move RAMDISK from \[mem 0x[0-9a-f]*-0x\([0-9a-f]*\)\].*/\1/p' console | head -1)
  [ -n "$end" ] || end=$(sed -n 's/.*RAMDISK: \[mem 0x[0-9a-f]*-0x\([0-9a-f]*\)\].*/\1/p' console | head -1)
  table=$(sed -n 's/.*ACPI: DSDT 0x0*\([0-9A-F]*\) .*/\1/p' console | head -1)
  [ -n "$end" ] && [ -n "$table" ] || { echo 'the guest did not say where they are' >&2; exit 2; }
  echo "$1: the initrd ends at 0x$end, the first ACPI table lies at 0x$table"
  [ "$((0x$end / 4096))" -eq "$((0x$table / 4096))" ]
}

qemu-system-x86_64 --version | head -1
if shares_page qboot qboot.rom; then
  echo 'qboot has them in one page, too' >&2
  exit 1
fi
fetch seabios=1.16.2-1 seabios
if ! shares_page 'seabios 1.16.2-1' seabios/usr/share/seabios/bios-microvm.bin; then
  echo 'they are in different pages' >&2
  exit 1
fi
echo 'with SeaBIOS they share a page: a larger initrd is copied over the tables'
