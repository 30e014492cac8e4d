#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first process of the guest. /guest.conf says what to attach. The test is at the second serial
# port. QEMU ends with 33 when the daemon ended with 0, with 35 otherwise.
# shellcheck source=tests/system/usb_kernel/guest_common.sh
. /guest_common.sh
begin
mount -t ext4 /dev/vda /data || echo "no disk"

[ "$DAEMON_USER" = root ] || {
  chown -R "$DAEMON_USER" /data
  chmod 1777 /run
}
# udevd, the real one, with the rules that the package installs. What is plugged in already gets its
# permissions too.
start_udev() {
  ln -s udevadm /bin/systemd-udevd
  systemd-udevd --daemon --resolve-names=early </dev/null
  udevadm trigger --subsystem-match=usb --action=add
}
[ -z "$UDEV" ] || start_udev
plug_in

start_daemon() {
  su "$DAEMON_USER" -s /bin/sh -c "exec wattspoold --config $1" &
  daemon=$!
}
failed=0
stop_daemon() {
  kill -TERM "$daemon"
  wait "$daemon"
  code=$?
  echo "wattspoold ended with $code"
  [ "$code" -eq 0 ] || failed=1
}
start_daemon /etc/wattspool.toml

# The status goes to the test, its words come back: drain (go on without instruments), do (a line of
# shell), stop.
report() {
  while :; do
    [ ! -s /run/status.json ] || { tr -d '\n' </run/status.json; echo; }
    sleep 0.3
  done
}
stty -F /dev/ttyS1 raw -echo
report >/dev/ttyS1 &
while read -r word rest; do
  case $word in
    drain)
      stop_daemon
      start_daemon /etc/drain.toml
      ;;
    do) eval "$rest" ;;
    stop) break ;;
  esac
  kill -0 "$daemon" || break
done </dev/ttyS1
stop_daemon
ls -l /dev/bus/usb/*/*
umount /data || echo "the disk is busy"
finish "$failed"
