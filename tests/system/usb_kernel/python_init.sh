#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a guest that runs one Python script of the host's, on the host's own files:
# they are mounted without the right to write, but for the folder of the results. /guest.conf says
# what to attach and what to run. QEMU ends with 33 when the script ended with 0, with 35 otherwise.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do insmod "$module" || echo "insmod $module failed"; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
# shellcheck source=/dev/null
. /guest.conf

share() { # TAG FOLDER OPTIONS
  mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2" || echo "no share $1"
}
mkdir /host
share host /host ro,cache=loose
share results "/host$RESULTS" rw
for folder in proc sys dev; do mount -o bind /$folder /host/$folder; done

# shellcheck disable=SC2086  # several words
vhci_keep 10.0.2.2 $PLUGS &
# shellcheck disable=SC2086
PYTHONDONTWRITEBYTECODE=1 chroot /host $COMMAND
code=$?
echo "the script ended with $code"
umount "/host$RESULTS" || echo "the results are busy"
sync
value='\020'
[ "$code" -eq 0 ] || value='\021'
# shellcheck disable=SC2059  # the value is the format
printf "$value" | dd of=/dev/port bs=1 seek=244 2>/dev/null
poweroff -f
