#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first process of the guest. /guest.conf says what to attach and where the test listens. QEMU
# ends with 33 when the daemon ended with 0, with 35 otherwise.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do insmod "$module" || echo "insmod $module failed"; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via 10.0.2.2
mount -t ext4 /dev/vda /data || echo "no disk"
# shellcheck source=/dev/null
. /guest.conf

finish() {
  cd /
  umount /data || echo "the disk is busy"
  sync
  # shellcheck disable=SC2059  # the value is the format
  printf "$1" | dd of=/dev/port bs=1 seek=244 2>/dev/null
  poweroff -f
}

if [ -n "$UDEV" ]; then  # the real one, with the rules that the package installs
  ln -s udevadm /bin/systemd-udevd
  systemd-udevd --daemon --resolve-names=early
  chown -R wattspool:wattspool /data
  chmod 1777 /run
  user=wattspool
fi
# shellcheck disable=SC2086  # several words
vhci_keep 10.0.2.2 "$USBIP_PORT" $BUS_IDS &
keeper=$!
su "${user:-root}" -s /bin/sh -c "exec wattspoold --config /etc/wattspool.toml" &
daemon=$!

# The status goes to the test, its words come back: stop, or kill.
report() {
  while kill -0 "$daemon" 2>/dev/null; do
    [ ! -s /run/status.json ] || { tr -d '\n' </run/status.json; echo; }
    sleep 0.3
  done
}
mkfifo /run/reports /run/words
report >/run/reports &
nc 10.0.2.2 "$CONTROL_PORT" </run/reports >/run/words &
while read -r word; do
  [ "$word" != stop ] || break
done </run/words
kill -TERM "$daemon"
wait "$daemon"
code=$?
echo "wattspoold ended with $code"
ls -l /dev/bus/usb/*/*
kill "$keeper"
[ -z "$SHOW_KERNEL_LOG" ] || dmesg
[ "$code" -eq 0 ] || finish '\021'
finish '\020'
