#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing (Debian packages) and configures build/. Usage: scripts/setup.sh run|test
# Touches nothing when nothing is missing, and then takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."

need=(g++ cmake ninja-build pkg-config libyaml-cpp-dev libcli11-dev libfmt-dev nlohmann-json3-dev
      libhwloc-dev libssl-dev libsqlite3-dev zlib1g-dev libzstd-dev libboost-dev
      rt-tests python3 python3-matplotlib make flex bison bc perl libelf-dev xz-utils)
# The kernel source is a workload, not a need: without it kernel_build is "not applicable".
want=(linux-source-6.12)
if [ "${1:-run}" = test ]; then
  need+=(libgtest-dev libgmock-dev libbenchmark-dev libtraceevent-dev trace-cmd binutils python3-jsonschema
         clang clang-format libclang-rt-dev llvm pyflakes3 shellcheck
         g++-aarch64-linux-gnu qemu-system-x86 qemu-system-arm
         zsh groff man-db mandoc busybox-static mmdebstrap file)
  want+=(chromium)  # the HTML report in a browser
  want+=(lintian)   # the Debian packages
fi

missing() {  # the packages among the arguments that are not installed
  comm -23 <(printf '%s\n' "$@" | sort -u) \
           <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
               awk '$2 == "installed" {print $1}' | sort -u)
}

install() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "isolab needs these packages: $*" >&2
    echo "hint: run this script once as root, or: apt-get install $*" >&2
    return 1
  fi
  echo "installing: $*" >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}

mapfile -t absent < <(missing "${need[@]}")
mapfile -t optional < <(missing "${want[@]}")
if [ $((${#absent[@]} + ${#optional[@]})) -gt 0 ] && [ "$(id -u)" -eq 0 ]; then apt-get update >&2; fi
if [ ${#absent[@]} -gt 0 ]; then install "${absent[@]}"; fi
if [ ${#optional[@]} -gt 0 ]; then
  install "${optional[@]}" || echo "goes on without ${optional[*]}: what needs them is skipped and says so" >&2
fi

if [ ! -f build/build.ninja ]; then
  # Tests and benchmarks need packages of their own: scripts/test.sh switches them on.
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DISOLAB_TESTS=OFF -DISOLAB_BENCHMARKS=OFF >&2
fi
