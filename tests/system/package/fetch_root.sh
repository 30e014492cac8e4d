#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the root of a Debian host, once, and prints its folder. Needs root.
#   fetch_root.sh SUITE PACKAGE.deb   a host. In /srv/packages it has what PACKAGE depends on and a
#                                     fresh Debian lacks, as its only repository: so apt installs
#                                     without a network as it would with one. So is autopkgtest.
#   fetch_root.sh SUITE               a builder. It has what the package is built and tested with.
set -euo pipefail
suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattspool/hosts
debian=$(dirname "$(readlink -f "$0")")/../../../packaging/debian
# What decides on the content: other dependencies make another root.
if [ -n "${2:-}" ]; then
  # With what a playbook needs there: ssh, which is off, sudo, and Python.
  kind=host with=systemd,systemd-sysv,dbus,udev,procps,openssh-server,sudo,python3-apt
  package=$(readlink -f "$2")
  needed=$(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' | LC_ALL=C sort)
else
  kind=builder with=build-essential,ccache
  needed=$(sed -n '/^Build-Depends/,/^[A-Z]/p' "$debian/control")
fi
name=$suite-$kind-$(cat "$0" - <<<"$needed" | sha256sum | cut -c1-12)
root=$cache/$name
if [ -f "$root.complete" ]; then
  touch "$root.complete" 2>/dev/null || true  # of this day
  echo "$root"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || {
  echo "fetch_root: the root of a Debian host is made by root only" >&2
  exit 1
}
echo "==> making the root of a Debian $kind ($suite)" >&2
mkdir -p "$cache/archives"
part=$(mktemp -d "$cache/$name.XXXXXX")
trap 'rm -rf --one-file-system "$part"' EXIT
chmod 0755 "$part"
failed() {
  tail -5 "$cache/$name.log" >&2
  echo "fetch_root: $1 failed; the first run needs the network: $cache/$name.log" >&2
  exit 1
}
# The archives are kept: the next root downloads what is new only.
debootstrap --variant=minbase --cache-dir="$cache/archives" --include=$with "$suite" "$part" \
  >"$cache/$name.log" 2>&1 || failed debootstrap

inside() {
  chroot "$part" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@" \
    >>"$cache/$name.log" 2>&1 </dev/null || failed "$*"
}
cp --remove-destination /etc/resolv.conf "$part/etc/resolv.conf"
inside apt-get update -q
if [ "$kind" = host ]; then
  cp "$package" "$part/package.deb"
  rm -f "$part"/var/cache/apt/archives/*.deb
  inside apt-get install -y --no-install-recommends --download-only /package.deb autopkgtest
  mkdir -p "$part/srv/packages"
  mv "$part"/var/cache/apt/archives/*.deb "$part/srv/packages"
  rm -f "$part/package.deb" "$part"/srv/packages/wattspool_*.deb
  (cd "$part/srv/packages" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
  rm -rf "$part"/var/lib/apt/lists/* "$part"/etc/apt/sources.list.d/*
  echo 'deb [trusted=yes] file:/srv/packages ./' >"$part/etc/apt/sources.list"
  inside apt-get update -q
  # A host of its own at its first start; nothing that wants a network by itself.
  : >"$part/etc/machine-id"
  rm -f "$part"/etc/systemd/system/multi-user.target.wants/ssh.service \
    "$part/etc/systemd/system/sshd.service"
  rm -f "$part/var/lib/dbus/machine-id"
  for timer in apt-daily apt-daily-upgrade e2scrub_all dpkg-db-backup fstrim; do
    ln -sf /dev/null "$part/etc/systemd/system/$timer.timer"
  done
else
  mkdir -p "$part/tmp/source"
  cp -r "$debian" "$part/tmp/source/debian"
  inside apt-get build-dep -y --no-install-recommends /tmp/source
  # CMake takes c++, for which ccache makes no link in each release.
  inside ln -sf /usr/bin/ccache /usr/lib/ccache/c++
  inside apt-get clean
  rm -rf "$part/tmp/source"
fi
: >"$part/etc/resolv.conf"
mv -T "$part" "$root"
trap - EXIT
touch "$root.complete"
# Roots of older dependencies, unless a test is still running on one, or another checkout uses it.
for old in "$cache/$suite-$kind"-*.complete; do
  old=${old%.complete}
  [ -z "$(find "$old.complete" -mmin -1440)" ] || continue
  if [ "$old" != "$root" ] && ! grep -qsF "$old" /proc/[0-9]*/mountinfo; then
    rm -rf --one-file-system "$old" "$old.complete" "$old.log"
  fi
done
echo "$root"
