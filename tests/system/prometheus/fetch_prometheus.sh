#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gets Debian's Prometheus and promtool for the tests of metrics and alerts, once, and prints their
# folder. The package is unpacked and not installed: its service would begin to run on this host.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattspool/prometheus
mkdir -p "$cache"
cd "$cache"

# The newest one that is unpacked already will do: no network is needed then.
newest=$(find . -maxdepth 2 -name complete -printf '%h\n' | sort -V | tail -1)
if [ -n "$newest" ]; then
  echo "$cache/${newest#./}"
  exit 0
fi
version=$(apt-cache show --no-all-versions prometheus 2>/dev/null | sed -n 's/^Version: //p')
[ -n "$version" ] || {
  echo "fetch_prometheus: apt knows no prometheus. Run: apt-get update" >&2
  exit 1
}
rm -rf "$version.part"
mkdir "$version.part"
(cd "$version.part" && apt-get download prometheus >&2 && dpkg -x prometheus_*.deb .)
mv "$version.part"/usr/bin/prom{etheus,tool} "$version.part"
rm -rf "$version.part"/{etc,lib,usr,var} "$version.part"/prometheus_*.deb
touch "$version.part/complete"
rm -rf "$version"
mv "$version.part" "$version"
echo "$cache/$version"
