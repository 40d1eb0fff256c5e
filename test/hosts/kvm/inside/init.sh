#!/bin/sh
# PID 1 of the nested host: mounts, /dev/kvm, then the suite, whose KTAP goes to the second serial port.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for folder in /dev/shm /tmp /run; do mount -t tmpfs tmpfs "$folder"; done
ip link set lo up
stty -F /dev/ttyS1 raw -echo
modprobe kvm_amd
# With its first virtual machine KVM patches the code of the scheduler, and with the end of the last one again. Under TCG another
# vCPU may run into the half of it: one machine that stays makes it happen once.
perl -e 'open my $kvm, "+<", "/dev/kvm" or exit; ioctl $kvm, 0xae01, 0; sleep' &
cd /root
node --disable-warning=ExperimentalWarning /suite/suite.ts "$@" </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 >/dev/null # waits until the port has sent everything
sync
echo o >/proc/sysrq-trigger
while :; do sleep 60; done
