#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Downloads Debian's kernel (nothing is installed) and unpacks what a guest needs of it, once.
# Prints the folder: vmlinux and the modules. The cloud variant has no USB.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattspool/guest
mkdir -p "$cache"
cd "$cache"

modules="virtio_pci virtio_net virtio_blk crc32c_generic ext4 vhci_hcd 9pnet_virtio 9p"

# The newest one that is unpacked already, with these modules, will do: no network is needed then.
newest=$(grep -lxsF "$modules" ./*/complete | sort -V | tail -1) || true
if [ -n "$newest" ]; then
  echo "$cache/$(basename "$(dirname "$newest")")"
  exit 0
fi
package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *//p' | head -1)
[ -n "$package" ] || {
  echo "fetch_kernel: apt knows no linux-image-amd64. Run: apt-get update" >&2
  exit 1
}
compgen -G "${package}_*.deb" >/dev/null || apt-get download "$package" >&2
rm -rf "$package.part"
dpkg -x "${package}"_*.deb "$package.part"
image=$(echo "$package.part"/boot/vmlinuz-*)
# The kernel itself, unpacked: QEMU starts it in half the time. What follows it in the image makes
# xz complain at the end.
offset=$(LC_ALL=C grep -aobP '\xfd7zXZ\x00' "$image" | head -1 | cut -d: -f1)
tail -c +$((offset + 1)) "$image" | xz -dc >"$package.part/vmlinux" 2>/dev/null || true
head -c 4 "$package.part/vmlinux" | grep -q ELF || {
  echo "fetch_kernel: $image holds no kernel that can be unpacked" >&2
  exit 1
}
# In the order in which they load; names mix - and _.
mkdir -p "$package.part/modules"
number=10
add_module() {
  local name=${1//-/_} file dependency
  if compgen -G "$package.part/modules/*_$name.ko" >/dev/null; then return 0; fi
  file=$(find "$package.part/lib" -name "${name//_/[-_]}.ko" | head -1)
  [ -n "$file" ] || return 0  # built in
  for dependency in $(LC_ALL=C grep -aoP '\x00depends=\K[^\x00]*' "$file" | tr , ' '); do
    add_module "$dependency"
  done
  number=$((number + 1))
  cp "$file" "$package.part/modules/${number}_$name.ko"
}
for module in $modules; do
  add_module "$module"
done
rm -rf "$package.part"/{boot,lib,usr,etc}
echo "$modules" >"$package.part/complete"
rm -rf "$package"
mv "$package.part" "$package"
rm -f "${package}"_*.deb
echo "$cache/$package"
