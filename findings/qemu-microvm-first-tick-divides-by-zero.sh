#!/bin/sh
# A microvm with a PIC can boot Linux into a division by zero: nobody sets the PIC up, and SeaBIOS leaves the way to the CPU open.
#
# Linux takes a machine with a hardware-reduced ACPI, as microvm's is, to have no 8259, and never writes to it. QEMU emulates one
# all the same (pic=on, the default), and a PIT that ticks from power-on. Neither firmware of microvm sets the PIC's vectors, so
# its first interrupt has vector 0. qboot masks LINT0 of the local APIC, by which that would come to the CPU; SeaBIOS leaves it
# unmasked as ExtINT. Whether a tick is still pending when the kernel first enables interrupts depends on the moment: then the
# idle task dies of a "divide error" in start_kernel, before a console on ttyS0 has its first line, and panic=-1 ends the guest in
# silence. With pic=off it boots every time. Which firmware it is, the distribution chose: bios-microvm.bin, which QEMU loads, was
# a link to qboot in Debian 12 and is SeaBIOS in Debian 13.
#
# Seen with QEMU 7.2.22, its qboot.rom, and Debian's seabios 1.16.2-1: LINT0 masked with qboot, open with SeaBIOS, and 2 of 6
# guests of Linux 6.1.192 dead; QEMU 10.0.13 with 1.16.3-2 does the same as the latter, 15 of 42 guests dead. Exits 1 when it
# behaves otherwise, 2 when it cannot be tried.
set -eu
. "$(dirname "$0")/lib/debian-kernel.sh"

# boot PIC FIRMWARE: the guest waits for a root that never comes, if it gets so far. Prints LINT0 as it was two seconds on.
boot() {
  { sleep 2; echo 'info lapic'; sleep 0.2; echo quit; } |
    timeout 120 qemu-system-x86_64 -machine "microvm,pic=$1,pit=on,rtc=on,auto-kernel-cmdline=off" -bios "$2" -m 256M \
      -nodefaults -display none -no-reboot -action panic=pause,shutdown=pause -monitor stdio -serial file:console \
      -kernel vmlinux -append 'earlyprintk=serial console=ttyS0 panic=0 root=/dev/none rootwait no_timer_check tsc_early_khz=2000000' >monitor 2>&1 || true
  [ -s console ] || { echo 'the guest said nothing' >&2; exit 2; }
  sed -n 's/^LVT0 *[\t ]*0x[0-9a-f]* *\(.*\)/\1/p' monitor | tail -1 | tr -s ' '
}
divided() { LC_ALL=C grep -aq '^.*divide error' console; }

qemu-system-x86_64 --version | head -1
lint0=$(boot on qboot.rom)
echo "qboot: LINT0 is $lint0"
case $lint0 in *masked*ExtINT*) ;; *) echo 'it is not masked there' >&2; exit 1 ;; esac
! divided || { echo 'a guest divided by zero with qboot, too' >&2; exit 1; }

fetch seabios=1.16.2-1 seabios
bios=seabios/usr/share/seabios/bios-microvm.bin
tries=0 open=
until [ "$tries" = 40 ]; do
  tries=$((tries + 1))
  lint0=$(boot on "$bios")
  case $lint0 in *masked*) ;; *ExtINT*) open=$lint0 ;; esac
  ! divided || break
done
[ -n "$open" ] || divided || { echo 'SeaBIOS masks LINT0' >&2; exit 1; }
[ -z "$open" ] || echo "seabios 1.16.2-1: LINT0 is $open"
divided || { echo "none of $tries guests divided by zero" >&2; exit 1; }
echo "guest number $tries: $(LC_ALL=C grep -a 'divide error' console | head -1 | tr -d '\r')"
tries=0
until [ "$tries" = 8 ]; do
  tries=$((tries + 1))
  boot off "$bios" >lint0
  ! divided || { echo 'one divided by zero without a PIC' >&2; exit 1; }
done
echo "with pic=off $tries of $tries guests got by"
