#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a guest that runs one Python script of the host's, on the host's own files:
# they are mounted without the right to write, but for the folder of the results. /guest.conf says
# what to attach and what to run. QEMU ends with 33 when the script ended with 0, with 35 otherwise.
# shellcheck source=tests/system/usb_kernel/guest_common.sh
. /guest_common.sh
begin

share() { # TAG FOLDER OPTIONS
  mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,$3" "$1" "$2" || echo "no share $1"
}
mkdir /host
share host /host ro,cache=loose
share results "/host$RESULTS" rw
for folder in proc sys dev; do mount -o bind /$folder /host/$folder; done

plug_in
# shellcheck disable=SC2086  # several words
PYTHONDONTWRITEBYTECODE=1 chroot /host $COMMAND
code=$?
echo "the script ended with $code"
umount "/host$RESULTS" || echo "the results are busy"
finish "$code"
