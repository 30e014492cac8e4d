# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# How each guest begins and ends. /guest.conf says what is in it.

begin() {
  /bin/busybox --install -s /bin
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs devtmpfs /dev
  for module in /modules/*.ko; do insmod "$module" || echo "insmod $module failed"; done
  ip link set lo up
  ip addr add 10.0.2.15/24 dev eth0
  ip link set eth0 up
  ip route add default via 10.0.2.2
  # shellcheck source=/dev/null
  . /guest.conf
}

plug_in() {
  # shellcheck disable=SC2086  # several words
  vhci_keep 10.0.2.2 $PLUGS &
  keeper=$!
}

# QEMU ends with 33 for the code 0, with 35 for any other.
finish() { # CODE
  kill "$keeper"
  sync
  value='\020'
  [ "$1" -eq 0 ] || value='\021'
  # shellcheck disable=SC2059  # the value is the format
  printf "$value" | dd of=/dev/port bs=1 seek=244 2>/dev/null
  poweroff -f
}
