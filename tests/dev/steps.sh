# SPDX-License-Identifier: Apache-2.0
# The steps that ./dev is made of: packages, downloads, builds, tests. Sourced by it.
# shellcheck shell=bash

cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattspool
jobs=$(nproc)

# The cache is shared by all checkouts: paths are made relative before they are hashed.
export CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G

declare -A packages=(
  [build]="cmake ninja-build g++ ccache pkg-config python3 git librdkafka-dev libsqlite3-dev
    libusb-1.0-0-dev libzstd-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev
    nlohmann-json3-dev libexpected-dev libflatbuffers-dev flatbuffers-compiler libgtest-dev
    libgmock-dev libbenchmark-dev prometheus-cpp-dev"
  [demo]="python3"
  [test]="openjdk-17-jre-headless maven openssl kcat python3-venv sqlite3
    qemu-system-x86 usbip busybox-static cpio xz-utils e2fsprogs udev
    systemd systemd-container debootstrap iproute2 lintian blhc mandoc
    apt-utils gnupg ansible-core openssh-client"
  [deb]="dpkg-dev debhelper scdoc"
  [other]="debootstrap systemd-container"
  [lint]="clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev llvm-14 shellcheck
    python3-venv"
)

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
  local group package missing=()
  command -v dpkg-query >/dev/null || die "this is no Debian system. Install what stands for:" \
    "${packages[build]} ${packages[test]}"
  # shellcheck disable=SC2068  # groups may come as one word
  for group in $@; do
    for package in ${packages[$group]:?no such group of packages: ${!packages[*]}}; do
      installed "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "packages are missing, and there is no sudo. Run as root:" \
      "apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # With good package lists the update, and so perhaps the network, is not needed.
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    apt_install "${missing[@]}" && return 0
  fi
  "${as_root[@]}" apt-get update -q >&2 || say "apt-get update failed; going on with old lists"
  apt_install "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}. The first run needs the network."
}

apt_install() {  # uses as_root of its caller
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Dpkg::Use-Pty=0 "$@" >&2 </dev/null
}

fetch_kafka() {
  tests/kafka/broker fetch >/dev/null || die "no Kafka broker for the tests (see above)"
}

fetch_guest_kernel() {
  tests/system/usb_kernel/fetch_kernel.sh >/dev/null ||
    die "no kernel for the USB tests (see above)"
}

fetch_prometheus() {
  tests/system/prometheus/fetch_prometheus.sh >/dev/null ||
    die "no Prometheus for the tests of metrics (see above)"
}

# fetch_host_roots SUITE...: what the package tests boot; only root can make it, and without it they
# are skipped.
fetch_host_roots() {
  [ "$(id -u)" -eq 0 ] || return 0
  local suite
  for suite in "$@"; do
    tests/system/package/fetch_root.sh "$suite" "$(packages_of "$suite")"/wattspool_*.deb \
      >/dev/null || die "no root of a Debian host for the package tests (see above)"
  done
}

# make_venv NAME LIST [PIP OPTIONS]: prints the Python of an environment with the packages of LIST,
# which is made once for each content of it.
make_venv() {
  local name=$1 list=$2 venv
  shift 2
  venv=$cache/$name-$(sha256sum "$list" | cut -c1-12)
  if [ ! -f "$venv/complete" ]; then
    say "installing the packages of $list into $venv"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" "$@" >&2 ||
      die "pip could not install $list. The first run needs the network."
    touch "$venv/complete"
  fi
  echo "$venv/bin/python"
}

# The foreign readers (pyarrow, Polars, DuckDB), and the vendor's driver, live in environments of
# their own.
make_test_venvs() {
  current_ansible=$(dirname "$(make_venv ansible tests/ansible/requirements.txt)")
  readers_python=$(make_venv readers tests/readers/requirements.txt)
  vendor_python=$(make_venv vendor tests/system/usb_kernel/requirements.txt --no-deps)
}

# Where Ansible wants a collection to be: what names its own parts is found there.
link_collection() {
  mkdir -p build/collections/ansible_collections/wattspool
  ln -sfn "$PWD/ansible" build/collections/ansible_collections/wattspool/bench
}

# The profile is in ansible/.ansible-lint; run from elsewhere it would look at nothing and pass.
lint_ansible() {
  local bin said
  bin=$(dirname "$(make_venv ansible tests/ansible/requirements.txt)")
  link_collection
  said=$(
    collections=$PWD/build/collections
    cd "$collections/ansible_collections/wattspool/bench"
    env PATH="$bin:$PATH" NO_COLOR=1 ANSIBLE_COLLECTIONS_PATH="$collections" \
      ansible-lint --offline --strict 2>&1
  ) || {
    printf '%s\n' "$said" >&2
    return 1
  }
  grep -q "in [2-9][0-9] files processed.*'production' was required, and it passed" <<<"$said" || {
    printf 'ansible-lint did not look at the whole collection:\n%s\n' "$said" >&2
    return 1
  }
}

# build PRESET [TARGET...]: configures and builds; prints only progress and errors.
build() {
  local preset=$1 begin=$SECONDS
  shift
  say "building preset $preset"
  cmake --preset "$preset" ${readers_python:+-DWATTSPOOL_READERS_PYTHON="$readers_python"} \
    ${vendor_python:+-DWATTSPOOL_VENDOR_PYTHON="$vendor_python"} \
    ${current_ansible:+-DWATTSPOOL_CURRENT_ANSIBLE="$current_ansible"} \
    >"$(mkdir -p build && echo build/configure-"$preset".log)" 2>&1 || {
    cat build/configure-"$preset".log >&2
    die "cmake could not configure preset $preset"
  }
  cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"} >&2 ||
    die "preset $preset does not build (see above)"
  say "built preset $preset in $((SECONDS - begin)) s"
}

# packages_of SUITE: the folder of its packages.
packages_of() {
  case $1 in
    bookworm) echo build/packages ;;
    *) echo "build/packages-$1" ;;
  esac
}

# build_deb SUITE [--tests]. Without that the unit tests are left out: ./dev test runs them on the
# build that it tests. A release that is not the one here is built for in a root of its own.
build_deb() {
  local suite=$1 begin=$SECONDS options=parallel=$jobs system=
  [ "${2:-}" = --tests ] || options="nocheck $options"
  if [ "$suite" != bookworm ]; then
    [ "$(id -u)" -eq 0 ] || die "only root can build packages for another release ($suite)."
    system=$(tests/system/package/fetch_root.sh "$suite") ||
      die "no root to build packages for $suite in (see above)"
  fi
  say "building the Debian packages for $suite"
  PATH=/usr/lib/ccache:$PATH DEB_BUILD_OPTIONS=$options \
    packaging/build-deb "$(packages_of "$suite")" "build/deb${system:+-$suite}" "$system" >&2 ||
    die "the Debian packages for $suite do not build (see above)"
  say "$(packages_of "$suite"): done in $((SECONDS - begin)) s"
}

# run_tests PRESET TIER [CTEST ARGUMENTS]. TIER: empty = all but the long ones, all, or unit = those
# that need nothing but the program.
run_tests() {
  local preset=$1 tier=$2 leave_out=
  shift 2
  case $tier in
    "") leave_out=long ;;
    unit) leave_out='long|kafka|system|readers|docs|mutation|tidy|packaging' ;;
    all)
      [ "$preset" = dev ] || leave_out='docs|mutation|tidy|packag'
      export WATTSPOOL_TEST_ALL=1
      ;;
  esac
  local suppressions=$PWD/tests/dev
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export LSAN_OPTIONS=suppressions=$suppressions/lsan.supp:print_suppressions=0
  export TSAN_OPTIONS=suppressions=$suppressions/tsan.supp:halt_on_error=1:second_deadlock_stack=1
  say "testing preset $preset"
  local report=$PWD/build/$preset/tests.xml code=0
  rm -f "$report"
  # One more than cores: tests that wait for a broker leave theirs idle.
  ctest --test-dir "build/$preset" -j $((jobs + 1)) --output-on-failure --no-tests=error \
    --output-junit "$report" ${leave_out:+-LE "$leave_out"} "$@" </dev/null || code=$?
  # A skipped test is no failure, but must not look like one that was run.
  [ ! -f "$report" ] || python3 tests/dev/skipped.py "$report"
  return "$code"
}
