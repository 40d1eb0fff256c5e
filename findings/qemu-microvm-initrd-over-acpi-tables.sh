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

for program in qemu-system-x86_64 zstd; do
  command -v $program >/dev/null || { echo "$program is not installed" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -1)
mkdir -p lists/partial cache/archives/partial
for suite in bookworm trixie; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
done >sources.list
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@" 2>/dev/null
}
cache() {
  apt-cache -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@" 2>/dev/null
}
fetch() {
  apt download "$1" || { echo "cannot fetch $1" >&2; exit 2; }
  dpkg-deb -x ./*.deb "$2"
  rm ./*.deb
}
apt update || { echo 'cannot read the index of trixie' >&2; exit 2; }
image=$(cache show linux-image-cloud-amd64/trixie | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -1)
fetch "$image" kernel
# QEMU takes the PVH entry of an ELF file, which is packed in Debian's image.
packed=$(find kernel/boot -name 'vmlinuz-*')
magic=$(printf '\50\265\57\375')
for offset in $(LC_ALL=C grep -aboF "$magic" "$packed" | cut -d: -f1); do
  tail -c "+$((offset + 1))" "$packed" | zstd -dc >vmlinux 2>/dev/null || true
  [ ! -s vmlinux ] || break
done
[ -s vmlinux ] || { echo "cannot unpack $packed" >&2; exit 2; }

# 300 pages and 100 bytes: no archive, so the guest ends where it has no root.
head -c $((300 * 4096 + 100)) /dev/zero >initrd

# Whether the initrd ends in the page of the ACPI tables with the firmware of this name and path.
shares_page() {
  timeout 120 qemu-system-x86_64 -machine microvm,rtc=on,auto-kernel-cmdline=off -bios "$2" \
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
